// Large tables of the model in huge pages of the host.
#pragma once

namespace ipcsim {

/// From now on the host is asked to keep large tables in huge pages (`large_table_made`). Where it
/// has none, nothing changes.
void use_huge_pages();

}  // namespace ipcsim
