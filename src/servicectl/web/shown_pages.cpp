// The pages of a Site, and the views that they show.
#include <utility>

#include "servicectl/web/pages/assets.hpp"
#include "servicectl/web/pages/list_page.hpp"
#include "servicectl/web/pages/run_page.hpp"
#include "servicectl/web/pages/service_page.hpp"
#include "servicectl/web/site.hpp"

namespace servicekit::servicectl::web {

void Site::show_asset(const CallHandle& call) {
    const std::string_view path = std::string_view{call->request.target}.substr(0, call->request.target.find('?'));
    for (const Asset& asset : assets()) {
        if (asset.path != path) continue;
        const bool has_version = !call->route.query.empty();
        return reply(
            call, {.type = std::string{asset.type},
                   .body = std::string{asset.content},
                   .headers = {{"Cache-Control", has_version ? "public, max-age=31536000, immutable" : "no-store"}}});
    }
    reply(call, plain(404, "there is no such file"));
}

void Site::show_list(const CallHandle& call) { reply(call, {.body = list_page(list_view(frame_of(call->visitor)))}); }

void Site::show_service(const CallHandle& call) {
    with_open(call, [this, call](const ServiceRow& row, const OpenService& open) {
        ServiceView view = service_view(row, open, frame_of(call->visitor));
        view.log = open.log();
        reply(call, {.body = service_page(view)});
    });
}

void Site::show_health(const CallHandle& call) {
    with_service(call, [this, call](const ServiceRow& row) {
        const ServiceLine shown = line(row);
        const bool is_ready = shown.health == ServiceLine::Health::ready;
        std::string text = is_ready                      ? "ready"
                           : shown.health_reason.empty() ? "not known: " + shown.state
                                                         : shown.health_reason;
        for (const std::string& check : checks_in_words(row.service.finding.status)) text += "\n" + check;
        reply(call, plain(is_ready ? 200 : 503, std::move(text)));
    });
}

void Site::show_run(const CallHandle& call) {
    if (call->visitor.right != Right::act)
        return refuse(call, 403, "This session may only read",
                      "The reply to an event may be meant for its caller. " + frame_of(call->visitor).why_not);
    with_service(call, [this, call](const ServiceRow& row) {
        const auto run = runs_.find(row.identity(), call->route.item);
        if (!run)
            return refuse(call, 404, "There is no such run", "This server keeps the last 20 runs of each service.");
        reply(call, {.body = run_page(frame_of(call->visitor), line(row), *run)});
    });
}

Frame Site::frame_of(const Visitor& visitor) const {
    Frame frame{.host = plan_.machine,
                .user = plan_.user,
                .offers_login = access_.needs_token() && visitor.right != Right::none,
                .may_act = visitor.right == Right::act,
                .form_token = visitor.form_token,
                .now = host_.clock->system_now()};
    if (!frame.may_act)
        frame.why_not = plan_.access.why_no_actions.empty() ? "this session has the token that only reads"
                                                            : plan_.access.why_no_actions;
    return frame;
}

ServiceLine Site::line(const ServiceRow& row) const {
    ServiceLine shown = line_of(row, ids_.of(row));
    if (const auto rate = rates_.find(row.identity()); rate != rates_.end()) {
        const auto& history = rate->second.history();
        shown.request_history.assign(history.begin(), history.end());
        if (!history.empty() && shown.is_running) shown.requests = history.back();
    }
    if (!shown.busy.empty())
        for (const RunView& run : runs_.of(row.identity()))
            if (run.event == shown.busy && run.state == RunView::State::running) shown.busy_percent = run.percent;
    return shown;
}

ListView Site::list_view(Frame frame) const {
    ListView view{.frame = std::move(frame), .of_others = of_others_, .failure = failure_};
    for (const ServiceRow* row : table_.shown()) view.services.push_back(line(*row));
    return view;
}

ServiceView Site::service_view(const ServiceRow& row, const OpenService& open, Frame frame) const {
    const std::string why_no_action_here = why_no_action(row, frame);
    const std::string why_no_event_here = why_no_event(row, frame);
    ServiceView view{.frame = std::move(frame), .line = line(row), .status = status_fields(row.service.finding.status)};
    view.checks = checks_in_words(row.service.finding.status);
    open.fill(view, why_no_event_here);
    if (view.frame.may_act) view.runs = runs_.of(row.identity());
    view.reload.why_not = why_no_event_here;
    view.set_log_level.why_not = why_no_event_here;
    view.stop.why_not = why_no_action_here;
    view.restart.why_not = why_no_action_here.empty() ? open.why_no_restart : why_no_action_here;
    return view;
}

}  // namespace servicekit::servicectl::web
