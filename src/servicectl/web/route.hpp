#pragma once

#include <string>
#include <string_view>

namespace servicekit::servicectl::web {

/// What a request is about.
struct Route {
    enum class Page {
        list,
        live_list,
        service,
        live_service,
        service_health,
        run,
        event,
        reload,
        log_level,
        stop,
        restart,
        login,
        logout,
        asset,
        metrics,
        health,
        unknown,
    };
    Page page = Page::unknown;
    std::string service = {};           ///< the id in the URL
    std::string item = {};              ///< the event or the run
    std::string query = {};             ///< not decoded
    bool is_for_other_methods = false;  ///< the page exists, but not with this method
    std::string_view methods = {};      ///< those of the page
};

/// Finds the page of a request. HEAD is as GET.
/// \param target a path with or without a query
[[nodiscard]] Route route_of(std::string_view method, std::string_view target);

}  // namespace servicekit::servicectl::web
