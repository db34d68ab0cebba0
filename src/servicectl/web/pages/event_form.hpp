#pragma once

#include <cstddef>
#include <string>

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// Returns an event that can be opened. It has a form with an input for each parameter, if this session may request the
/// event; else the reason and the list of parameters.
/// \param number of the event on its page; it makes the ids of the inputs unique
[[nodiscard]] Html event_form(const Frame& frame, const std::string& service_id, const EventForm& event,
                              std::size_t number);

}  // namespace servicekit::servicectl::web
