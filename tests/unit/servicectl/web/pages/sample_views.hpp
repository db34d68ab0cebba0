#pragma once

#include <chrono>
#include <string>

#include "servicectl/web/views.hpp"

namespace servicekit::servicectl::web {

/// A text with which a client or a service could try to take over a page.
inline const std::string hostile = "\"'><script>alert(1)</script>&amp;<img src=x onerror=alert(2)>\xE2\x80\xAE";
/// What must be in a page in its place: the text and nothing else.
inline const std::string disarmed =
    "&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;&lt;img src=x onerror=alert(2)&gt;\\u202e";

/// Of a session that may act.
[[nodiscard]] inline Frame acting_frame() {
    return {.host = "db-7",
            .user = "alice",
            .offers_login = true,
            .may_act = true,
            .why_not = "",
            .form_token = "t0k3n",
            .now = std::chrono::sys_days{std::chrono::year{2026} / 12 / 1} + std::chrono::hours{5}};
}

/// Of a session that may only read.
[[nodiscard]] inline Frame reading_frame() {
    Frame frame = acting_frame();
    frame.may_act = false;
    frame.why_not = "started with --read-only";
    frame.form_token.clear();
    return frame;
}

[[nodiscard]] inline ServiceLine running_line(const std::string& name = "greeter") {
    ServiceLine line;
    line.id = name;
    line.name = name;
    line.state = "running";
    line.health = ServiceLine::Health::ready;
    line.is_running = true;
    line.pid = 4711;
    line.user = "root";
    line.uptime = std::chrono::seconds{3660};
    line.memory = 5U << 20U;
    line.cpu = 3.4;
    line.requests = 12.5;
    line.request_history = {1, 2, 12.5};
    line.version = "1.2";
    return line;
}

[[nodiscard]] inline RunView running_run() {
    RunView run;
    run.id = "7";
    run.event = "greet";
    run.state = RunView::State::running;
    run.percent = 40;
    run.progress = "guest 4 of 10";
    run.age = std::chrono::seconds{3};
    return run;
}

/// A view in which everything is filled in and offered.
[[nodiscard]] inline ServiceView full_view() {
    ServiceView view;
    view.frame = acting_frame();
    view.line = running_line();
    view.status = {{"greetings", "3"}, {"socket", "/run/greeter/greeter.sock"}};
    view.checks = {"database: ok"};
    ParameterField name;
    name.name = "name";
    name.type = "string";
    name.help = "who is greeted";
    name.is_required = true;
    EventForm greet;
    greet.name = "greet";
    greet.help = "says hello";
    greet.role = "operate";
    greet.parameters = {name};
    view.events = {greet};
    view.settings = {{"port", "8080", "config file /etc/greeter.json"}, {"log-level", "info", "default"}};
    view.log = {"2026-12-01T05:00:00.000001Z info greeter[4711]: hello"};
    MetricChart lines;
    lines.name = "lines_total";
    lines.is_rate = true;
    lines.history = {1, 2, 3};
    lines.last = 100;
    view.metrics = {lines};
    view.crashes = {{"2026-11-30T02:11:07Z", "SIGSEGV in the event 'greet'", "#0 greet\n#1 main"}};
    view.runs = {running_run()};
    view.log_level = "info";
    view.log_levels = {"debug", "info", "warning"};
    for (Offer* const offer : {&view.reload, &view.set_log_level, &view.stop, &view.restart}) offer->why_not.clear();
    view.unit = "greeter.service";
    return view;
}

/// A view in which each text is hostile, except for the ids, which the server makes.
[[nodiscard]] inline ServiceView hostile_view() {
    ServiceView view = full_view();
    ServiceLine& line = view.line;
    for (std::string* const text :
         {&view.frame.host, &view.frame.user, &line.name, &line.state, &line.reason, &line.health_reason, &line.user,
          &line.busy, &line.version, &view.log_level, &view.unit})
        *text = hostile;
    line.busy_percent = 12;
    view.status = {{hostile, hostile}};
    view.checks = {hostile};
    ParameterField plain{.name = hostile,
                         .type = hostile,
                         .help = hostile,
                         .default_value = hostile,
                         .minimum = hostile,
                         .maximum = hostile};
    ParameterField chosen = plain;
    chosen.choices = {hostile, "other"};
    ParameterField number = plain;
    number.type = "integer";
    ParameterField json = plain;
    json.type = "object";
    view.events = {{.name = hostile, .help = hostile, .role = hostile, .parameters = {plain, chosen, number, json}},
                   {.name = hostile, .help = hostile, .role = hostile, .parameters = {plain}, .why_not = hostile}};
    view.settings = {{hostile, hostile, hostile}};
    view.log = {hostile, "2026-12-01T05:00:00.000001Z error " + hostile, "{\"level\":\"error\"," + hostile};
    view.metrics = {{.name = hostile + "{" + hostile, .help = hostile, .unit = hostile, .history = {1, 2}, .last = 2}};
    view.crashes = {{hostile, hostile, hostile}};
    RunView run = running_run();
    run.event = run.progress = run.outcome = hostile;
    run.items = {hostile};
    view.runs = {run};
    view.log_levels = {hostile};
    view.restart.why_not = hostile;
    return view;
}

}  // namespace servicekit::servicectl::web
