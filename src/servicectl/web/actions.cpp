// What the forms of a Site do to services.
#include <algorithm>
#include <utility>

#include "base/log_level_names.hpp"
#include "servicectl/places.hpp"
#include "servicectl/survey.hpp"
#include "servicectl/web/site.hpp"

namespace servicekit::servicectl::web {
namespace {

using Page = Route::Page;

}  // namespace

void Site::change(const CallHandle& call) {
    const Request& request = call->request;
    if (call->route.page == Page::logout) {
        if (const auto refusal = Access::refuse_origin(request))
            return refuse(call, refusal->status, refusal->title, refusal->text);
        return log_out(call);
    }
    if (call->visitor.right != Right::act)
        return refuse(call, 403, "This session may only read", frame_of(call->visitor).why_not);
    const auto type = request.header("content-type");
    const bool is_form =
        type && equals_ignoring_case(trimmed(type->substr(0, type->find(';'))), "application/x-www-form-urlencoded");
    auto form = is_form || request.body.empty() ? parse_form(request.body) : std::nullopt;
    if (!form)
        return refuse(call, 400, "The form is not valid", "Its type is application/x-www-form-urlencoded, in UTF-8.");
    if (const auto refusal = access_.refuse_origin(request, call->visitor, field(*form, "form_token")))
        return refuse(call, refusal->status, refusal->title, refusal->text);
    look();
    with_service(call, [this, call, form = *std::move(form)](const ServiceRow& row) {
        switch (call->route.page) {
            case Page::event:
                return run_event(call, form);
            case Page::reload:
                return this->request(call, row, "reload", {});
            case Page::log_level:
                return set_log_level(call, row, form);
            case Page::stop:
                return stop(call, row);
            default:
                return restart(call, row);
        }
    });
}

void Site::run_event(const CallHandle& call, const Form& form) {
    with_open(call, [this, call, form](const ServiceRow& now, const OpenService& open) {
        const std::string& event = call->route.item;
        const std::string why_not = why_no_event(now, frame_of(call->visitor));
        const auto forms = open.forms(why_not);
        const auto found =
            std::find_if(forms.begin(), forms.end(), [&event](const EventForm& one) { return one.name == event; });
        const Value::List* const parameters = open.parameters_of(event);
        if (found == forms.end() || parameters == nullptr)
            return refuse(call, 404, "There is no such event", why_not.empty() ? "The page has all of them." : why_not);
        if (!may_run(forms, event)) return refuse(call, 403, "This event is not offered", found->why_not);
        const auto arguments = form_arguments(form, *parameters, host_);
        if (!arguments) return refuse(call, 400, "A parameter is not valid", arguments.error().message());
        request(call, now, event, *arguments);
    });
}

void Site::set_log_level(const CallHandle& call, const ServiceRow& row, const Form& form) {
    const std::string_view level = field(form, "level");
    if (std::find(log_level_names.begin(), log_level_names.end(), level) == log_level_names.end())
        return refuse(call, 400, "There is no such log level", "The levels are " + std::string{log_level_list} + ".");
    request(call, row, "log-level", {{"level", level}});
}

void Site::request(const CallHandle& call, const ServiceRow& row, const std::string& event, const Object& arguments) {
    if (const std::string why_not = why_no_event(row, frame_of(call->visitor)); !why_not.empty())
        return refuse(call, 403, "This is not offered", why_not);
    std::vector<uid_t> users{host_.process->effective_user()};
    // The survey has checked that the server may serve the place.
    if (row.service.finding.user) users.push_back(*row.service.finding.user);
    show_started(
        call, row,
        runs_.call(row.identity(), row.service.place.paths.control_socket, std::move(users), event, arguments));
}

void Site::stop(const CallHandle& call, const ServiceRow& row) {
    if (const std::string why_not = why_no_action(row, frame_of(call->visitor)); !why_not.empty())
        return refuse(call, 403, "This is not offered", why_not);
    // So there is one stop, with one set of rules, and it may wait as long as it takes.
    show_started(
        call, row,
        runs_.execute(row.identity(), "stop", {"/proc/self/exe", "stop", row.service.place.paths.control_socket}));
}

void Site::restart(const CallHandle& call, const ServiceRow&) {
    with_open(call, [this, call](const ServiceRow& row, const OpenService& open) {
        std::string why_not = why_no_action(row, frame_of(call->visitor));
        if (why_not.empty()) why_not = open.why_no_restart;
        if (!why_not.empty()) return refuse(call, 403, "This is not offered", why_not);
        std::vector<std::string> command{"systemctl", "--no-ask-password"};
        if (open.unit.is_of_user) command.emplace_back("--user");
        command.insert(command.end(), {"restart", "--", open.unit.name});
        show_started(call, row, runs_.execute(row.identity(), "restart", command));
    });
}

void Site::show_started(const CallHandle& call, const ServiceRow& row, const Result<std::string>& run) {
    if (run)
        plan_.note((call->request.client.empty() ? "a visitor" : call->request.client) + " requested '" +
                   call->request.target.substr(0, call->request.target.find('?')) + "'");
    if (!run) return refuse(call, 503, "Too many run already", run.error().message());
    const std::string path = "/services/" + ids_.of(row) + "/runs/" + *run;
    if (!call->visitor.has_header) return reply(call, redirect(path));
    // A script wants to know where to look.
    Response response = plain(303, path);
    response.headers.emplace_back("Location", path);
    reply(call, std::move(response));
}

std::string Site::why_no_action(const ServiceRow& row, const Frame& frame) const {
    if (!frame.may_act) return frame.why_not;
    const Place& place = row.service.place;
    const uid_t self = host_.process->effective_user();
    // Who can change the directory can put a link to another service there, even if root has started this one.
    if (place.owner != self)
        return place.record && self == 0
                   ? "other users than " + plan_.user + " can change its directory; 'servicectl' acts as its user"
                   : "it is not a service of " + plan_.user + ", who runs this server";
    if (!is_running(row.service.finding)) return "it does not run";
    return {};
}

std::string Site::why_no_event(const ServiceRow& row, const Frame& frame) const {
    std::string why_not = why_no_action(row, frame);
    if (why_not.empty() && row.service.finding.state != Finding::State::answers) why_not = "it does not answer";
    return why_not;
}

}  // namespace servicekit::servicectl::web
