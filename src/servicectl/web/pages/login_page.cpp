#include "servicectl/web/pages/login_page.hpp"

#include "servicectl/web/pages/html.hpp"
#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/page.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {

std::string login_page(const Frame& frame, const std::string& message, const std::string& next) {
    const bool is_refused = !message.empty();
    const Html refusal = is_refused ? element("p", {{"class", "note failed"}, {"role", "alert"}, {"id", "refusal"}},
                                              shortened(message, limits::sentence))
                                    : Html{};
    return page(
        frame, {.title = "Log in", .is_locked = true},
        element("div", {{"class", "card login"}}, element("h1", {}, "Log in"), refusal,
                post_form(frame, {"login"}, "login-form",
                          element("input", {{"type", "hidden"}, {"name", "next"}, {"value", next}}),
                          // Password managers keep a password for a name.
                          element("input", {{"type", "text"},
                                            {"value", "servicectl"},
                                            {"autocomplete", "username"},
                                            {"aria-label", "Name"},
                                            {"hidden", true}}),
                          element("label", {{"for", "token"}}, "Token"),
                          element("input", {{"type", "password"},
                                            {"id", "token"},
                                            {"name", "token"},
                                            {"required", true},
                                            {"autofocus", true},
                                            {"autocomplete", "current-password"},
                                            {"aria-invalid", is_refused ? "true" : "false"},
                                            {"aria-describedby", is_refused ? "refusal token-hint" : "token-hint"}}),
                          element("p", {{"class", "hint"}, {"id", "token-hint"}},
                                  "It is in the token file of servicectl web on ", element("b", {}, frame.host), "."),
                          element("button", {{"type", "submit"}}, "Log in"))));
}

}  // namespace servicekit::servicectl::web
