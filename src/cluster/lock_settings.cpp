#include "cluster/lock_settings.hpp"

#include <string_view>
#include <utility>

#include "base/durations.hpp"
#include "cluster/lease_plan.hpp"

namespace servicekit::cluster {
namespace {

std::string without_slashes_at_the_end(std::string text) {
    while (text.ends_with('/')) text.pop_back();
    return text;
}

/// Returns what is wrong with a URL; an empty text if it is right.
std::string fault_of_url(std::string_view url) {
    const auto scheme = url.find("://");
    const std::string_view name = url.substr(0, scheme == std::string_view::npos ? 0 : scheme);
    if (name != "http" && name != "https") return "a URL begins with http:// or https://";
    std::string_view rest = url.substr(scheme + 3);
    while (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.empty() || rest.front() == ':') return "the URL has no host";
    if (rest.find('@') != std::string_view::npos) return "the URL has a user; use cluster-user";
    if (rest.find_first_of("/?# \t\r\n\\\"'<>") != std::string_view::npos) return "a URL has only a host and a port";
    return {};
}

}  // namespace

EtcdLock::Options with_settings(EtcdLock::Options options, const ClusterPlan& plan) {
    if (!plan.endpoints.empty()) options.endpoints = plan.endpoints;
    const auto take = [](std::string& option, const std::string& setting) {
        if (!setting.empty()) option = setting;
    };
    take(options.prefix, plan.prefix);
    take(options.ca_file, plan.ca_file);
    take(options.certificate_file, plan.certificate_file);
    take(options.key_file, plan.key_file);
    take(options.user, plan.user);
    take(options.password_file, plan.password_file);
    if (plan.ttl) options.ttl = *plan.ttl;
    if (plan.loss_stop_timeout) options.loss_stop_timeout = plan.loss_stop_timeout;
    if (plan.must_answer_at_start) options.must_answer_at_start = *plan.must_answer_at_start;
    return options;
}

ClusterPlan plan_of(const EtcdLock::Options& options) {
    const std::chrono::milliseconds ttl = ttl_of(options);
    return {.endpoints = options.endpoints,
            .prefix = options.prefix,
            .ttl = ttl,
            .ca_file = options.ca_file,
            .certificate_file = options.certificate_file,
            .key_file = options.key_file,
            .user = options.user,
            .password_file = options.password_file,
            .loss_stop_timeout = options.loss_stop_timeout.value_or(ttl / 3),
            .must_answer_at_start = options.must_answer_at_start};
}

Result<void> check_options(const EtcdLock::Options& options) {
    const auto wrong = [](std::string object, std::string reason) {
        return Error{ExitCode::configuration, "use", std::move(object), std::move(reason)};
    };
    if (options.endpoints.empty()) return wrong("the lock in etcd", "no endpoint is set (cluster-endpoints)");
    for (const std::string& url : options.endpoints)
        // The text may contain a password.
        if (auto fault = fault_of_url(url); !fault.empty())
            return wrong(url.find('@') == std::string::npos ? url : "an endpoint", std::move(fault));
    if (without_slashes_at_the_end(options.prefix).empty())
        return wrong("an empty prefix", "keys need one (cluster-prefix)");
    if (options.user.empty() != options.password_file.empty())
        return wrong("the user of etcd", "cluster-user and cluster-password-file need each other");
    if (!options.key_file.empty() && options.certificate_file.empty())
        return wrong(options.key_file, "a key needs a certificate (cluster-cert)");
    if (options.ttl < LeasePlan::shortest_ttl || options.ttl > LeasePlan::longest_ttl)
        return wrong("a lease of " + time_in_words(options.ttl), "cluster-ttl is from 2 s to 1 h");
    const auto plan = LeasePlan::of(ttl_of(options), options.loss_stop_timeout, options.endpoints.size());
    return plan ? Result<void>{} : plan.error();
}

std::chrono::seconds ttl_of(const EtcdLock::Options& options) {
    return std::chrono::ceil<std::chrono::seconds>(options.ttl);
}

std::vector<std::string> endpoints_of(const EtcdLock::Options& options) {
    std::vector<std::string> urls;
    for (const std::string& url : options.endpoints) urls.push_back(without_slashes_at_the_end(url));
    return urls;
}

std::string key_of_service(const EtcdLock::Options& options, const std::string& service) {
    return without_slashes_at_the_end(options.prefix) + '/' + service;
}

}  // namespace servicekit::cluster
