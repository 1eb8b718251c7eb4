// ipcsim profiles: which kernel versions there are, and in what they differ.
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "model/base/kernel_profile.hpp"
#include "model/base/text.hpp"
#include "tools/ipcsim/command.hpp"

namespace ipcsim {
namespace {

using Json = nlohmann::ordered_json;

struct ProfilesOptions {
  std::vector<std::string> names;
  bool json = false;
};

/// The profile, whether it was named "linux-6.1" or "6.1"; null, with a message, if there is none.
const KernelProfile* profile_named(const std::string& name) {
  const KernelProfile* profile = find_profile(name);
  if (profile == nullptr) {
    profile = find_profile("linux-" + name);
  }
  if (profile == nullptr) {
    print_error(fmt::format("there is no profile \"{}\"; there are: {}", name,
                            joined(kernel_profiles(), ", ",
                                   [](const KernelProfile& p) { return std::string(p.name); })));
  }
  return profile;
}

Json switch_json(const ProfileSwitch& row) {
  return {{"switch", row.name},
          {"about", row.about},
          {"changed", row.since},
          {"evidence", evidence_name(row.evidence)},
          {"known_by", row.known}};
}

/// Prints a switch with the values of some profiles.
void print_switch(const ProfileSwitch& row, const std::vector<const KernelProfile*>& profiles) {
  fmt::print("{}\n    {}\n", row.name, row.about);
  for (const KernelProfile* profile : profiles) {
    fmt::print("    {}: {}\n", profile->name, row.value(*profile));
  }
  fmt::print("    changed: {} ({}: {})\n", row.since, evidence_name(row.evidence), row.known);
}

Json with_values(const ProfileSwitch& row, const std::vector<const KernelProfile*>& profiles) {
  Json one = switch_json(row);
  one["values"] = Json::object();
  for (const KernelProfile* profile : profiles) {
    one["values"][std::string(profile->name)] = row.value(*profile);
  }
  return one;
}

/// The switches for which `wanted` says yes, with the values of `profiles`.
int list(const std::vector<const KernelProfile*>& profiles, bool values, bool json, auto&& wanted) {
  Json rows = Json::array();
  u64 count = 0;
  for (const ProfileSwitch& row : profile_switches()) {
    if (!wanted(row)) {
      continue;
    }
    ++count;
    if (json) {
      rows.push_back(with_values(row, profiles));
    } else {
      print_switch(row, values ? profiles : std::vector<const KernelProfile*>{});
    }
  }
  if (json) {
    Json names = Json::array();
    for (const KernelProfile* profile : profiles) {
      names.push_back(profile->name);
    }
    fmt::print("{}\n", Json{{"profiles", names}, {"switches", rows}}.dump());
  } else {
    fmt::print("{} switches\n", count);
  }
  return kExitAgrees;
}

int run(const ProfilesOptions& options) {
  std::vector<const KernelProfile*> profiles;
  for (const std::string& name : options.names) {
    profiles.push_back(profile_named(name));
    if (profiles.back() == nullptr) {
      return kExitUnusable;
    }
  }
  if (profiles.size() == 2) {
    return list(profiles, true, options.json, [&](const ProfileSwitch& row) {
      return row.value(*profiles[0]) != row.value(*profiles[1]);
    });
  }
  const bool all = profiles.empty();
  for (const KernelProfile& profile : kernel_profiles()) {
    if (all) {
      profiles.push_back(&profile);
      if (!options.json) {
        fmt::print("{}{}\n", profile.name,
                   &profile == &newest_profile() ? " (when nothing says otherwise)" : "");
      }
    }
  }
  return list(profiles, !all, options.json, [](const ProfileSwitch& /*row*/) { return true; });
}

}  // namespace

void add_profiles_command(CLI::App& app, int& status) {
  auto options = std::make_shared<ProfilesOptions>();
  CLI::App* command = app.add_subcommand(
      "profiles", "List kernel profiles and their switches, or in what two of them differ");
  command->footer(
      "Without a name: all profiles and switches. With one: its values. With two: the switches "
      "that\n"
      "differ, with both values. Each says where it changed and how that is known.\n"
      "A profile is the first release of its version; later changes of a stable series are told.");
  command->add_option("PROFILE", options->names, "linux-X.Y, or X.Y")->expected(0, 2);
  command->add_flag("--json", options->json, "Print one JSON object instead of text");
  command->callback([options, &status] { status = run(*options); });
}

}  // namespace ipcsim
