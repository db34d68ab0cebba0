#include "servicectl/web/pages/page.hpp"

#include "base/rfc3339.hpp"
#include "servicectl/web/pages/assets.hpp"
#include "servicectl/web/pages/limits.hpp"
#include "servicectl/web/pages/words.hpp"

namespace servicekit::servicectl::web {
namespace {

Html document_head(const Frame& frame, const PageHead& head) {
    const auto named = [](const char* name, const char* content) {
        return element("meta", {{"name", name}, {"content", content}});
    };
    Html html = element("meta", {{"charset", "utf-8"}}) + named("viewport", "width=device-width, initial-scale=1") +
                named("color-scheme", "light dark") + named("referrer", "same-origin") + named("robots", "noindex") +
                element("title", {}, shortened(head.title, limits::word), " · ", frame.host) +
                element("link", {{"rel", "icon"}, {"type", "image/svg+xml"}, href(url_of(icon()))}) +
                element("link", {{"rel", "stylesheet"}, href(url_of(style()))});
    if (head.reloads) html += element("noscript", {}, element("meta", {refresh_every_seconds(), {"content", "2"}}));
    return element("head", {}, html, element("script", {{"type", "module"}, src(url_of(script()))}));
}

Html log_out(const Frame& frame) {
    if (!frame.offers_login) return {};
    return post_form(frame, {"logout"}, "logout",
                     element("button", {{"type", "submit"}, {"class", "quiet"}}, "Log out"));
}

Html rights(const Frame& frame) {
    if (frame.may_act) return element("span", {{"class", "user"}}, "acts as ", element("b", {}, frame.user));
    return element("span", {{"class", "user"}}, element("b", {}, frame.user), ", ",
                   frame.why_not.empty() ? "read-only" : frame.why_not);
}

Html banner(const Frame& frame, const PageHead& head) {
    const Html brand = element("span", {{"class", "mark"}, {"aria-hidden", "true"}}) + element("b", {}, "servicectl") +
                       element("span", {{"class", "host"}}, frame.host);
    if (head.is_locked) return element("header", {{"class", "banner"}}, element("span", {{"class", "brand"}}, brand));
    // The script shows the state of the connection.
    const Html connection = element("span", {{"id", "connection"}, {"class", "connection"}, {"hidden", true}});
    return element("header", {{"class", "banner"}}, element("a", {{"class", "brand"}, href({})}, brand),
                   head.live ? connection : Html{}, rights(frame), log_out(frame));
}

Html note_without_script(const PageHead& head) {
    if (!head.live) return {};
    return element("noscript", {},
                   element("p", {{"class", "note"}},
                           head.reloads ? "This page loads itself again every two seconds. "
                                        : "This page shows the moment when it was loaded. Load it again for news. ",
                           "With JavaScript it would stay up to date by itself."));
}

}  // namespace

std::string page(const Frame& frame, const PageHead& head, const Html& content) {
    Attributes body;
    if (head.live) body.add({"data-live", head.live->text()});
    const Html html = element(
        "html", {{"lang", "en"}}, document_head(frame, head),
        element("body", body, element("a", {{"class", "skip"}, href(Url::within_page("main"))}, "Skip to the content"),
                banner(frame, head),
                element("main", {{"id", "main"}, {"tabindex", "-1"}}, note_without_script(head), content),
                element("footer", {{"class", "footer"}}, "As of ", element("time", {}, rfc3339(frame.now)), " on ",
                        frame.host),
                element("p", {{"id", "announcer"}, {"class", "unseen"}, {"role", "status"}, {"aria-live", "polite"}})));
    return "<!DOCTYPE html>\n" + html.markup() + "\n";
}

Html missing(const std::string& why) { return element("p", {{"class", "missing"}}, shortened(why, limits::sentence)); }

}  // namespace servicekit::servicectl::web
