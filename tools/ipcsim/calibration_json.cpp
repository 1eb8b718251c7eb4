#include "tools/ipcsim/calibration_json.hpp"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/ipcsim/command.hpp"

namespace ipcsim {
namespace {

using nlohmann::ordered_json;

constexpr int kVersion = 2;
constexpr double kMostNanoseconds = 1e9;

/// A number of nanoseconds, or NaN.
double number_in(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) {
    return std::nan("");
  }
  const double value = found->get<double>();
  return value >= 0 && value <= kMostNanoseconds ? value : std::nan("");
}

std::string text_in(const ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Three digits behind the point: a picosecond.
double rounded(double value) { return std::round(value * 1000.0) / 1000.0; }

}  // namespace

std::string calibration_to_json(const Calibration& calibration) {
  ordered_json measured = ordered_json::object();
  for (std::size_t i = 0; i < calibration.values.size(); ++i) {
    const Spread& spread = calibration.values[i];
    const QuantityInfo& info = quantity_infos()[i];
    measured[std::string(info.name)] = {{"median", rounded(spread.median)},
                                        {"low", rounded(spread.low)},
                                        {"high", rounded(spread.high)},
                                        {"about", info.about}};
  }
  const ordered_json file = {{"ipcsim_calibration", kVersion},
                             {"date", calibration.date},
                             {"kernel", calibration.kernel},
                             {"cpu", calibration.cpu},
                             {"processors", calibration.processors},
                             {"rounds", calibration.rounds},
                             {"measured", measured}};
  return file.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::expected<Calibration, std::string> calibration_from_json(const std::string& text,
                                                              const std::string& path) {
  const auto bad = [&](std::string_view what) {
    return std::unexpected(fmt::format("{}: {}", path, what));
  };
  const ordered_json file = ordered_json::parse(text, nullptr, false);
  if (!file.is_object() || !file.contains("ipcsim_calibration")) {
    return bad("is no calibration; ipcsim calibrate -o FILE writes one");
  }
  if (file["ipcsim_calibration"] != kVersion) {
    return bad(fmt::format("is a calibration of another version; this program reads version {}",
                           kVersion));
  }
  const auto measured = file.find("measured");
  if (measured == file.end() || !measured->is_object()) {
    return bad("expected an object \"measured\"");
  }
  Calibration calibration{.name = path,
                          .date = text_in(file, "date"),
                          .kernel = text_in(file, "kernel"),
                          .cpu = text_in(file, "cpu")};
  for (std::size_t i = 0; i < calibration.values.size(); ++i) {
    const std::string name(quantity_infos()[i].name);
    const auto found = measured->find(name);
    if (found == measured->end() || !found->is_object()) {
      return bad(fmt::format("expected \"{}\" in \"measured\"", name));
    }
    Spread& spread = calibration.values[i];
    spread = {number_in(*found, "median"), number_in(*found, "low"), number_in(*found, "high")};
    if (!(spread.low <= spread.median && spread.median <= spread.high)) {
      return bad(
          fmt::format("{}: expected numbers of nanoseconds with low <= median <= high", name));
    }
  }
  return calibration;
}

std::expected<Calibration, std::string> load_calibration(const std::string& path) {
  if (path.empty()) {
    return reference_calibration();
  }
  const auto text = read_file(path);
  return text ? calibration_from_json(*text, path) : std::unexpected(text.error());
}

}  // namespace ipcsim
