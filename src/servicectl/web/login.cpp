// How visitors of a Site log in and out.
#include <algorithm>
#include <chrono>
#include <utility>

#include "servicectl/web/options.hpp"
#include "servicectl/web/pages/login_page.hpp"
#include "servicectl/web/site.hpp"

namespace servicekit::servicectl::web {
namespace {

using namespace std::chrono_literals;
using Page = Route::Page;

/// Returns the path if it leads to a page of this server, otherwise that of the list.
std::string local_path(std::string_view path) {
    constexpr std::size_t longest = 512;
    const bool is_plain =
        std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; });
    const bool is_local = path.starts_with('/') && !path.starts_with("//") && path.size() <= longest;
    return is_plain && is_local ? std::string{path} : "/";
}

}  // namespace

void Site::ask_for_token(const CallHandle& call) {
    const Request& request = call->request;
    const bool is_page = request.method != "POST" && call->route.page != Page::metrics &&
                         call->route.page != Page::live_list && call->route.page != Page::live_service &&
                         call->route.page != Page::service_health && !call->visitor.was_wrong;
    Response response = is_page
                            ? Response{.status = 401, .body = login_page(frame_of({}), "", local_path(request.target))}
                            : plain(401, call->visitor.was_wrong ? "the token is wrong" : "a token is needed");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"servicectl web\"");
    if (call->visitor.was_wrong) login_limit_.failed(request.client);
    reply(call, std::move(response));
}

bool Site::refuse_guess(const CallHandle& call) {
    const Request& request = call->request;
    const bool is_login = call->route.page == Page::login && request.method == "POST";
    if (!access_.needs_token() || !(is_login || request.header("authorization"))) return false;
    // All users of the machine have this address, and all visitors who come by a proxy on it. None may lock out the others.
    if (Address{.host = request.client}.is_loopback()) return false;
    const auto left = std::chrono::ceil<std::chrono::seconds>(login_limit_.left(request.client));
    if (left == 0s) return false;
    const std::string seconds = std::to_string(left.count());
    const std::string text = "Too many tokens from this address were wrong. Try again in " + seconds + " s.";
    Response response = is_login ? Response{.body = login_page(frame_of({}), text, "/")} : plain(429, text);
    response.status = 429;
    response.headers.emplace_back("Retry-After", seconds);
    reply(call, std::move(response));
    return true;
}

void Site::log_in(const CallHandle& call) {
    const Request& request = call->request;
    if (call->route.is_for_other_methods) {
        Response response = plain(405, "this page has the methods " + std::string{call->route.methods});
        response.headers.emplace_back("Allow", call->route.methods);
        return reply(call, std::move(response));
    }
    if (!access_.needs_token()) return reply(call, redirect("/"));
    const bool is_post = request.method == "POST";
    const auto form = parse_form(is_post ? std::string_view{request.body} : std::string_view{call->route.query});
    const std::string next = local_path(form ? field(*form, "next") : std::string_view{});
    if (!is_post) return reply(call, {.body = login_page(frame_of({}), "", next)});
    if (const auto refusal = Access::refuse_origin(request))
        return refuse(call, refusal->status, refusal->title, refusal->text);
    // A browser may send a newline that was copied with the token.
    if (const auto cookie = access_.log_in(form ? trimmed(field(*form, "token")) : std::string_view{})) {
        Response response = redirect(next);
        response.headers.emplace_back("Set-Cookie", *cookie);
        return reply(call, std::move(response));
    }
    login_limit_.failed(request.client);
    reply(call, {.status = 401, .body = login_page(frame_of({}), "The token is wrong.", next)});
}

void Site::log_out(const CallHandle& call) {
    Response response = redirect(access_.needs_token() ? "/login" : "/");
    response.headers.emplace_back("Set-Cookie", access_.log_out(call->visitor.session));
    reply(call, std::move(response));
}

}  // namespace servicekit::servicectl::web
