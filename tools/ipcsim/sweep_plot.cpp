#include "tools/ipcsim/sweep_plot.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

namespace ipcsim {
namespace {

constexpr double kWidth = 720;
constexpr double kPanelHeight = 220;
constexpr double kLeft = 70;
constexpr double kRight = 20;
constexpr double kTop = 34;
constexpr double kBottom = 26;
constexpr double kHeader = 46;

struct Palette {
  std::string_view ink;
  std::string_view dim;
  std::string_view grid;
  std::string_view paper;
  std::string_view model;
  std::string_view real;
};
constexpr Palette kLight{"#1b1f24", "#6a737d", "#d8dee4", "#ffffff", "#0b62c4", "#c2410c"};
constexpr Palette kDark{"#e6edf3", "#9aa4ae", "#30363d", "#0d1117", "#6cb6ff", "#ffa657"};
constexpr Palette kPrint{"#000000", "#444444", "#bbbbbb", "#ffffff", "#00408a", "#9a3000"};

/// Plain rules, without variables: converters to PDF and PNG know no others, and take the light
/// palette because they pass over @media.
std::string colours(const Palette& of) {
  return fmt::format(
      ".paper{{fill:{}}}text{{fill:{}}}.dim{{fill:{}}}.grid{{stroke:{}}}\n"
      ".model{{stroke:{}}}.band,.dot{{fill:{}}}.real{{stroke:{}}}.mark{{stroke:{};fill:{}}}\n",
      of.paper, of.ink, of.dim, of.grid, of.model, of.model, of.real, of.real, of.paper);
}

std::string style() {
  return fmt::format(
      "<style>\nsvg{{font-family:system-ui,sans-serif;font-size:12px}}\n"
      ".grid,.model,.real{{fill:none}}.model,.real{{stroke-width:2}}.real{{stroke-dasharray:5 3}}\n"
      ".band{{opacity:.18}}.mark{{stroke-width:1.5}}\n{}"
      "@media screen and (prefers-color-scheme:dark){{\n{}}}\n@media print{{\n{}}}\n</style>\n",
      colours(kLight), colours(kDark), colours(kPrint));
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

/// One curve of a panel: an interval at each size, or nothing.
using Curve = std::vector<std::optional<Interval>>;

struct Panel {
  std::string title;
  Curve model;
  Curve real;
};

/// 1, 2 or 5 times a power of ten, so that about four steps reach `most`.
double step_for(double most) {
  constexpr double kSteps = 4;
  const double raw = most / kSteps;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) {
      return factor * power;
    }
  }
  return 10 * power;
}

/// Draws one panel whose upper left corner is at (0, `top`).
class PanelDrawing {
 public:
  PanelDrawing(const SweepReport& report, const Panel& panel, double top)
      : report_(report), panel_(panel), top_(top + kTop) {
    for (const Curve* curve : {&panel.model, &panel.real}) {
      for (const auto& point : *curve) {
        most_ = std::max(most_, point ? point->high : 0.0);
      }
    }
    most_ = most_ <= 0 ? 1 : most_;
    step_ = step_for(most_);
    most_ = std::ceil(most_ / step_) * step_;
  }

  std::string draw() {
    text_ = fmt::format("<text x=\"{}\" y=\"{}\" font-weight=\"600\">{}</text>\n", kLeft, top_ - 12,
                        escaped(panel_.title));
    axes();
    band();
    line(panel_.model, "model");
    line(panel_.real, "real");
    dots();
    return text_;
  }

 private:
  [[nodiscard]] double x(std::size_t i) const {
    const std::size_t count = report_.lines.size();
    const double room = kWidth - kLeft - kRight;
    return count < 2 ? kLeft + room / 2
                     : kLeft + room * static_cast<double>(i) / static_cast<double>(count - 1);
  }
  [[nodiscard]] double y(double value) const { return top_ + height() * (1 - value / most_); }
  [[nodiscard]] static double height() { return kPanelHeight - kTop - kBottom; }

  void axes() {
    for (double value = 0; value <= most_ * 1.001; value += step_) {
      text_ += fmt::format(
          "<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>"
          "<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>\n",
          kLeft, y(value), kWidth - kRight, kLeft - 8, y(value) + 4, value);
    }
    // Labels that would touch are left out.
    const std::size_t every = report_.lines.size() / 10 + 1;
    for (std::size_t i = 0; i < report_.lines.size(); i += every) {
      text_ += fmt::format(
          "<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", x(i),
          top_ + height() + 18,
          report_.queue ? fmt::format("{}", report_.lines[i].row.size)
                        : bytes_text(report_.lines[i].row.size));
    }
  }

  void band() {
    std::string there;
    std::string back;
    for (std::size_t i = 0; i < panel_.model.size(); ++i) {
      if (panel_.model[i]) {
        there += fmt::format("{}{:.1f} {:.1f}", there.empty() ? "M" : "L", x(i),
                             y(panel_.model[i]->high));
        back = fmt::format("L{:.1f} {:.1f}", x(i), y(panel_.model[i]->low)) + back;
      }
    }
    text_ += fmt::format("<path class=\"band\" d=\"{}{}Z\"/>\n", there, back);
  }

  void line(const Curve& curve, std::string_view style) {
    std::string path;
    bool drawing = false;
    for (std::size_t i = 0; i < curve.size(); ++i) {
      if (curve[i]) {
        path += fmt::format("{}{:.1f} {:.1f}", drawing ? "L" : "M", x(i), y(curve[i]->middle));
      }
      drawing = curve[i].has_value();
    }
    if (!path.empty()) {
      text_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", style, path);
    }
  }

  void dots() {
    for (std::size_t i = 0; i < panel_.model.size(); ++i) {
      if (panel_.model[i]) {
        text_ += fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", x(i),
                             y(panel_.model[i]->middle));
      }
      if (panel_.real[i]) {
        text_ += fmt::format(
            "<path class=\"mark\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/>"
            "<circle class=\"mark\" cx=\"{0:.1f}\" cy=\"{3:.1f}\" r=\"3.5\"/>\n",
            x(i), y(panel_.real[i]->low), y(panel_.real[i]->high), y(panel_.real[i]->middle));
      }
    }
  }

  const SweepReport& report_;
  const Panel& panel_;
  double top_;
  double most_ = 0;
  double step_ = 1;
  std::string text_;
};

Panel panel_of(const SweepReport& report, std::string title,
               const std::function<Interval(const SweepLine&)>& model,
               const std::function<Interval(const MeasuredRow&)>& real) {
  Panel panel{.title = std::move(title), .model = {}, .real = {}};
  for (const SweepLine& line : report.lines) {
    const bool stuck = !line.row.run.stuck.empty();
    panel.model.push_back(stuck ? std::nullopt : std::optional{model(line)});
    const bool measured = real && line.measured && line.measured->refused.empty();
    panel.real.push_back(measured ? std::optional{real(*line.measured)} : std::nullopt);
  }
  return panel;
}

Interval in_gigabytes(const Interval& interval) {
  constexpr double kGigabyte = 1e9;
  return {interval.low / kGigabyte, interval.middle / kGigabyte, interval.high / kGigabyte};
}

Interval fill_of(const SweepLine& line) {
  double mean = 0;
  double most = 0;
  for (const ObjectRun& object : line.row.run.objects) {
    mean = std::max(mean, 100 * object.mean_places / static_cast<double>(object.places));
    most = std::max(
        most, 100 * static_cast<double>(object.most_places) / static_cast<double>(object.places));
  }
  return {0, mean, most};
}

std::string svg(const SweepReport& report) {
  const Panel panels[] = {
      panel_of(
          report, "Throughput, GB/s, by the calibration",
          [](const SweepLine& line) { return in_gigabytes(line.row.bytes_per_second); },
          [](const MeasuredRow& real) { return in_gigabytes(real.bytes_per_second); }),
      panel_of(
          report, fmt::format("Sleeps for a {}", report.queue ? "1000 messages" : "MiB"),
          [](const SweepLine& line) { return line.row.sleeps_per_unit; },
          [](const MeasuredRow& real) { return real.sleeps_per_unit; }),
      panel_of(report, "Places in use, %: mean, and most", fill_of, nullptr),
  };
  const double height = kHeader + kPanelHeight * static_cast<double>(std::size(panels));
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" role=\"img\">\n<title>{2}</title>\n",
      kWidth, height, escaped(report.title));
  text += style();
  text += fmt::format(
      "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
      "<text x=\"{0}\" y=\"18\" font-weight=\"600\">{1}</text>\n"
      "<text class=\"dim\" x=\"{0}\" y=\"36\">{2}; solid: predicted ({3}); dashed: "
      "measured</text>\n",
      kLeft, escaped(report.title), escaped(placement_text(report.placement)),
      escaped(report.calibration.name));
  double top = kHeader;
  for (const Panel& panel : panels) {
    text += PanelDrawing(report, panel, top).draw();
    top += kPanelHeight;
  }
  return text + "</svg>\n";
}

}  // namespace

std::string sweep_plot(const SweepReport& report, const std::string& path) {
  if (!path.ends_with(".html")) {
    return svg(report);
  }
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<style>body{{margin:2em auto;max-width:60em;padding:0 1em;font-family:system-ui,sans-serif}}"
      "svg{{max-width:100%;height:auto}}pre{{overflow-x:auto;font-size:12px}}</style></head>\n"
      "<body>\n{}<pre>{}</pre>\n</body></html>\n",
      escaped(report.title), svg(report), escaped(sweep_text(report)));
}

}  // namespace ipcsim
