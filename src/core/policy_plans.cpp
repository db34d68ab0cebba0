#include "core/policy_plans.hpp"

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/durations.hpp"
#include "core/setting_kind.hpp"

namespace servicekit {
namespace {

// These visit each member of a plan with its setting, for both directions.

template <class Plan, class Visit>
void visit_log_plan(Plan& plan, const Visit& visit) {
    visit(setting::log_format, plan.format);
    visit(setting::log_source, plan.shows_source);
    visit(setting::log_delay, plan.delay);
    visit(setting::log_mode, plan.permissions);
    visit(setting::log_group, plan.group);
    visit(setting::log_rotate_size, plan.rotate_size);
    visit(setting::log_rotate_every, plan.rotate_every);
    visit(setting::log_keep, plan.keep_files);
    visit(setting::log_keep_size, plan.keep_bytes);
    visit(setting::log_compress, plan.compress);
    visit(setting::log_command, plan.command);
}

template <class Access, class Visit>
void visit_control_access(Access& access, const Visit& visit) {
    visit(setting::control_mode, access.permissions);
    visit(setting::control_owner, access.owner);
    visit(setting::control_group, access.group);
    visit(setting::control_read, access.read);
    visit(setting::control_operate, access.operate);
    visit(setting::control_admin, access.admin);
}

template <class Plan, class Visit>
void visit_cluster_plan(Plan& plan, const Visit& visit) {
    visit(setting::cluster_endpoints, plan.endpoints);
    visit(setting::cluster_prefix, plan.prefix);
    visit(setting::cluster_ttl, plan.ttl);
    visit(setting::cluster_ca, plan.ca_file);
    visit(setting::cluster_cert, plan.certificate_file);
    visit(setting::cluster_key, plan.key_file);
    visit(setting::cluster_user, plan.user);
    visit(setting::cluster_password_file, plan.password_file);
    visit(setting::loss_stop_timeout, plan.loss_stop_timeout);
}

constexpr std::string_view must_answer = "required";
constexpr std::string_view need_not_answer = "wait";

template <class Member, class T>
Member from_setting(T value) {
    if constexpr (std::same_as<Member, LineFormat>)
        return value == "json" ? LineFormat::json : LineFormat::text;
    else if constexpr (std::same_as<Member, mode_t>)
        return mode_from_octal(value);
    else
        return Member{std::move(value)};
}

Value to_setting(LineFormat format) { return format == LineFormat::json ? "json" : "text"; }
Value to_setting(mode_t permissions) { return octal_from_mode(permissions); }
Value to_setting(std::chrono::milliseconds time) { return seconds_value(time); }
Value to_setting(std::chrono::seconds time) { return time.count(); }
Value to_setting(bool value) { return value; }
Value to_setting(std::uint64_t value) { return value; }
Value to_setting(const std::string& text) { return text; }
Value to_setting(const std::vector<std::string>& texts) { return Value::List(texts.begin(), texts.end()); }

/// Fills the members of a plan whose settings are set.
struct FromSettings {
    const Settings& settings;

    template <class T, class Member>
    void operator()(Setting<T> setting, std::optional<Member>& member) const {
        if (settings.is_set(setting.name)) member = from_setting<Member>(settings.get(setting));
    }
    template <class T>
    void operator()(Setting<T> setting, T& member) const {
        member = settings.get(setting);
    }
};

/// Adds the members that have a value.
struct ToSettings {
    Object& values;

    template <class T, class Member>
    void operator()(Setting<T> setting, const std::optional<Member>& member) const {
        if (member) values.append(std::string{setting.name}, to_setting(*member));
    }
    template <class T>
    void operator()(Setting<T> setting, const T& member) const {
        if (!member.empty()) values.append(std::string{setting.name}, to_setting(member));
    }
};

}  // namespace

LogPlan log_plan(const Settings& settings) {
    LogPlan plan;
    visit_log_plan(plan, FromSettings{settings});
    if (settings.is_set(setting::no_log_copy.name)) plan.copies_to_terminal = !settings.get(setting::no_log_copy);
    return plan;
}

ControlAccess control_access(const Settings& settings) {
    ControlAccess access;
    visit_control_access(access, FromSettings{settings});
    return access;
}

ClusterPlan cluster_plan(const Settings& settings) {
    ClusterPlan plan;
    visit_cluster_plan(plan, FromSettings{settings});
    if (settings.is_set(setting::cluster_at_start.name))
        plan.must_answer_at_start = settings.get(setting::cluster_at_start) == must_answer;
    return plan;
}

Object settings_of(const LogPlan& log, const ControlAccess& control, const ClusterPlan& cluster) {
    Object values;
    visit_log_plan(log, ToSettings{values});
    if (log.copies_to_terminal) values.append(std::string{setting::no_log_copy.name}, !*log.copies_to_terminal);
    visit_control_access(control, ToSettings{values});
    visit_cluster_plan(cluster, ToSettings{values});
    if (cluster.must_answer_at_start)
        values.append(std::string{setting::cluster_at_start.name},
                      std::string{*cluster.must_answer_at_start ? must_answer : need_not_answer});
    return values;
}

}  // namespace servicekit
