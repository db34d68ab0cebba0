#include "servicectl/web/pages/error_page.hpp"

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/page.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {

std::string error_page(const Frame& frame, int status, const std::string& title, const std::string& text) {
    return page(frame, {.title = title},
                element("div", {{"class", "card refusal"}},
                        element("p", {{"class", "code"}, {"aria-hidden", "true"}}, std::to_string(status)),
                        element("h1", {}, shortened(title, limits::sentence)),
                        element("p", {}, text_of_lines(shortened(text, limits::value))),
                        element("p", {}, element("a", {href({})}, "All services"))));
}

}  // namespace servicekit::servicectl::web
