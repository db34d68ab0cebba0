#include "servicectl/web/route.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/names.hpp"
#include "servicectl/web/form.hpp"

namespace servicekit::servicectl::web {
namespace {

using Page = Route::Page;

/// `*` stands for the id of a service, and `+` for the name of an event or the number of a run.
struct Row {
    std::string_view path;
    std::string_view method;
    Page page;
};
constexpr std::array rows{
    Row{"/", "GET", Page::list},
    Row{"/live", "GET", Page::live_list},
    Row{"/services/*", "GET", Page::service},
    Row{"/services/*/live", "GET", Page::live_service},
    Row{"/services/*/health", "GET", Page::service_health},
    Row{"/services/*/runs/+", "GET", Page::run},
    Row{"/services/*/events/+", "POST", Page::event},
    Row{"/services/*/reload", "POST", Page::reload},
    Row{"/services/*/log-level", "POST", Page::log_level},
    Row{"/services/*/stop", "POST", Page::stop},
    Row{"/services/*/restart", "POST", Page::restart},
    Row{"/login", "GET", Page::login},
    Row{"/login", "POST", Page::login},
    Row{"/logout", "POST", Page::logout},
    Row{"/style.css", "GET", Page::asset},
    Row{"/page.js", "GET", Page::asset},
    Row{"/icon.svg", "GET", Page::asset},
    Row{"/metrics", "GET", Page::metrics},
    Row{"/health", "GET", Page::health},
};

std::string_view take_step(std::string_view& path) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view step = path.substr(0, end);
    path.remove_prefix(end);
    return step;
}

/// Fills the service and the item. \returns false if the path is another one
bool matches(std::string_view pattern, std::string_view path, Route& route) {
    while (pattern.starts_with('/') && path.starts_with('/')) {
        const std::string_view wanted = take_step(pattern);
        const std::string_view step = take_step(path);
        if (wanted == "*" || wanted == "+") {
            auto name = percent_decoded(step);
            // Ids are longer than names, by a hash.
            constexpr std::size_t longest = 128;
            if (!name || name->empty() || name->size() > longest) return false;
            (wanted == "*" ? route.service : route.item) = *std::move(name);
        } else if (wanted != step) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

}  // namespace

Route route_of(std::string_view method, std::string_view target) {
    if (method == "HEAD") method = "GET";
    const std::size_t question = std::min(target.find('?'), target.size());
    const std::string_view path = target.substr(0, question);
    Route other;
    for (const Row& row : rows) {
        Route route;
        if (!matches(row.path, path, route)) continue;
        const bool is_login = row.page == Page::login;
        route.methods = is_login ? "GET, HEAD, POST" : row.method == "GET" ? "GET, HEAD" : "POST";
        route.query = target.substr(std::min(question + 1, target.size()));
        if (row.method == method) {
            route.page = row.page;
            return route;
        }
        other = route;
        other.is_for_other_methods = true;
    }
    return other;
}

}  // namespace servicekit::servicectl::web
