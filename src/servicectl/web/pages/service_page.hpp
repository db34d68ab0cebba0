#pragma once

#include <string>
#include <vector>

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// Returns the page of a service.
[[nodiscard]] std::string service_page(const ServiceView& view);

/// A part of the page that changes. It contains no form.
struct ServicePart {
    const char* id;  ///< of its element
    Html html;
};
[[nodiscard]] std::vector<ServicePart> service_parts(const ServiceView& view);

/// Returns a text that changes if a part with forms does: what is offered, and the process that offers it. The script
/// then loads the page again and takes these parts from it.
[[nodiscard]] std::string offers_of(const ServiceView& view);

/// The element of a run in the list of runs, and its id.
[[nodiscard]] Html run_in_list(const std::string& service_id, const RunView& run);
[[nodiscard]] std::string id_in_list(const RunView& run);

}  // namespace servicekit::servicectl::web
