#pragma once

#include <optional>
#include <string>

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// What a page has besides its content.
struct PageHead {
    std::string title;             ///< before the name of the machine
    std::optional<Url> live = {};  ///< the stream of its updates
    bool reloads = false;          ///< a browser without script loads it again every few seconds
    bool is_locked = false;        ///< the user has not logged in: the page has no links
};

/// Returns the document: the head, the banner with the name of the machine, and the content as its main landmark.
[[nodiscard]] std::string page(const Frame& frame, const PageHead& head, const Html& content);

/// Returns a form that is sent by POST. It has the token of the session.
template <class... Parts>
[[nodiscard]] Html post_form(const Frame& frame, const Url& url, const char* name, const Parts&... parts) {
    return element("form", {{"method", "post"}, action(url), {"class", name}},
                   element("input", {{"type", "hidden"}, {"name", "form_token"}, {"value", frame.form_token}}),
                   parts...);
}

/// Returns a part of a page with a heading that names it for screen readers.
/// \param id of the element, for links to it
template <class... Parts>
[[nodiscard]] Html section(const char* id, const char* title, const Parts&... parts) {
    const std::string heading = std::string{id} + "-title";
    return element("section", {{"id", id}, {"class", "card"}, {"aria-labelledby", heading}},
                   element("h2", {{"id", heading}}, title), parts...);
}

/// Returns a paragraph that explains why something is missing.
[[nodiscard]] Html missing(const std::string& why);

}  // namespace servicekit::servicectl::web
