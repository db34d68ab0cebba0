#include "servicectl/web/pages/live_updates.hpp"

#include <algorithm>
#include <string_view>

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/list_page.hpp"
#include "servicectl/web/pages/log_lines.hpp"
#include "servicectl/web/pages/run_page.hpp"
#include "servicectl/web/pages/service_page.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::servicectl::web {
namespace {

/// Returns JSON of one line: all text in it is ours or was escaped by Html.
std::string line_of_json(const Object& update) { return to_json(update); }

std::string log_json(const std::vector<std::string>& lines, std::size_t skipped, bool is_start) {
    const std::size_t cut = lines.size() - std::min(lines.size(), limits::log_lines);
    const Html html = skipped_lines(is_start ? 0 : skipped + cut) + log_lines(lines);
    return line_of_json({{"replace", is_start}, {"lines", html.markup()}});
}

}  // namespace

std::string list_update(const ListView& view) {
    const ListParts parts = list_parts(view);
    return line_of_json({{"fragments", Object{{"counts", parts.counts.markup()},
                                              {"services", parts.services.markup()},
                                              {"notes", parts.notes.markup()}}}});
}

std::string service_update(const ServiceView& view) {
    Object fragments;
    for (const ServicePart& part : service_parts(view)) fragments.append(part.id, part.html.markup());
    return line_of_json({{"fragments", std::move(fragments)}, {"offers", offers_of(view)}});
}

std::string log_start(const std::vector<std::string>& lines) { return log_json(lines, 0, true); }

std::string log_update(const std::vector<std::string>& lines, std::size_t skipped) {
    return log_json(lines, skipped, false);
}

std::string run_update(const std::string& service_id, const RunView& run) {
    return line_of_json({{"fragments", Object{{id_in_list(run), run_in_list(service_id, run).markup()},
                                              {id_in_full(run), run_in_full(run).markup()}}}});
}

}  // namespace servicekit::servicectl::web
