#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "servicectl/web/views.hpp"

/// The payloads of the server-sent events that keep pages up to date: one line of JSON each. The script of the pages
/// puts the markup in them in the place of the elements with these ids. They do not depend on the frame of a view, so
/// one text serves all sessions.
namespace servicekit::servicectl::web {

/// Of the event `list`, for GET /live.
[[nodiscard]] std::string list_update(const ListView& view);

/// Of the event `service`, for GET /services/ID/live: the parts that change, without log and forms, and which actions
/// are offered.
[[nodiscard]] std::string service_update(const ServiceView& view);

/// Of the first event `log` of a stream, for GET /services/ID/live. It replaces the lines of the page.
[[nodiscard]] std::string log_start(const std::vector<std::string>& lines);
/// Of a later event `log`.
/// \param lines those that were written since the last event
/// \param skipped number of lines before these that are left out
[[nodiscard]] std::string log_update(const std::vector<std::string>& lines, std::size_t skipped);

/// Of the event `run`, for GET /services/ID/live.
[[nodiscard]] std::string run_update(const std::string& service_id, const RunView& run);

}  // namespace servicekit::servicectl::web
