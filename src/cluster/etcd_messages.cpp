#include "cluster/etcd_messages.hpp"

#include <type_traits>
#include <utility>

#include "base/parse_number.hpp"
#include "cluster/base64.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::cluster {
namespace {

template <class... Calls>
struct Overloaded : Calls... {
    using Calls::operator()...;
};
template <class... Calls>
Overloaded(Calls...) -> Overloaded<Calls...>;

/// Returns the end of the range of all keys with a prefix.
std::string end_of_prefix(std::string prefix) {
    while (!prefix.empty()) {
        const auto last = static_cast<unsigned char>(prefix.back());
        if (last < 255U) {
            prefix.back() = static_cast<char>(last + 1U);
            return prefix;
        }
        prefix.pop_back();
    }
    return std::string(1, '\0');
}

Object to_object(const Transaction::Condition& condition) {
    const bool is_create = condition.of == Transaction::Condition::Of::create_revision;
    return {{"key", base64(condition.key)},
            {"target", is_create ? "CREATE" : "MOD"},
            {"result", "EQUAL"},
            {is_create ? "create_revision" : "mod_revision", std::to_string(condition.revision)}};
}

Object to_object(const Transaction::Step& step) {
    return std::visit(Overloaded{[](const Transaction::Put& put) {
                                     Object request{{"key", base64(put.key)}, {"value", base64(put.value)}};
                                     if (put.lease != 0) request.append("lease", std::to_string(put.lease));
                                     return Object{{"request_put", std::move(request)}};
                                 },
                                 [](const Transaction::Delete& removal) {
                                     return Object{{"request_delete_range", Object{{"key", base64(removal.key)}}}};
                                 },
                                 [](const Transaction::Read& read) {
                                     Object request{{"key", base64(read.key)}};
                                     if (read.is_prefix) request.append("range_end", base64(end_of_prefix(read.key)));
                                     return Object{{"request_range", std::move(request)}};
                                 }},
                      step);
}

template <class Part>
Value::List to_list(const std::vector<Part>& parts) {
    Value::List list;
    for (const Part& part : parts) list.emplace_back(to_object(part));
    return list;
}

std::string body_of_watch(const WatchKeys& watch) {
    std::string body;
    std::int64_t id = 0;
    for (const std::string& key : watch.keys) {
        const Object create{
            {"key", base64(key)}, {"start_revision", std::to_string(watch.from)}, {"watch_id", std::to_string(++id)}};
        body += to_json(Object{{"create_request", create}});
    }
    return body;
}

// The gateway writes 64-bit integers as strings and leaves out zeros.

template <class Number>
bool read_number(const Object& json, std::string_view key, Number& number) {
    const Value* const value = json.find(key);
    if (value == nullptr) return true;
    if (value->is_integer()) {
        number = static_cast<Number>(value->as_integer());
        return true;
    }
    if (!value->is_string()) return false;
    const auto parsed = parse_number<Number>(value->as_string());
    if (parsed) number = *parsed;
    return parsed.has_value();
}

bool read_bytes(const Object& json, std::string_view key, std::string& bytes) {
    const Value* const value = json.find(key);
    if (value == nullptr) return true;
    if (!value->is_string()) return false;
    auto decoded = from_base64(value->as_string());
    if (decoded) bytes = std::move(*decoded);
    return decoded.has_value();
}

bool is_true(const Object& json, std::string_view key) {
    const Value* const value = json.find(key);
    return value != nullptr && value->is_bool() && value->as_bool();
}

const Object* object_in(const Object& json, std::string_view key) {
    const Value* const value = json.find(key);
    return value != nullptr && value->is_object() ? &value->as_object() : nullptr;
}

/// Returns the list under the key; an empty one if there is none.
const Value::List& list_in(const Object& json, std::string_view key) {
    static const Value::List none;
    const Value* const value = json.find(key);
    return value != nullptr && value->is_list() ? value->as_list() : none;
}

std::optional<EtcdHeader> header_of(const Object& json) {
    const Object* const object = object_in(json, "header");
    if (object == nullptr) return std::nullopt;
    EtcdHeader header;
    if (!read_number(*object, "cluster_id", header.cluster) || !read_number(*object, "member_id", header.member) ||
        !read_number(*object, "revision", header.revision) || !read_number(*object, "raft_term", header.term))
        return std::nullopt;
    return header;
}

std::optional<EtcdReply> lease_state(const Object& json) {
    const auto header = header_of(json);
    LeaseState state;
    std::int64_t ttl = 0;
    std::int64_t granted = 0;
    if (!header || !read_number(json, "ID", state.lease) || !read_number(json, "TTL", ttl) ||
        !read_number(json, "grantedTTL", granted))
        return std::nullopt;
    state.granted = std::chrono::seconds{granted};
    state.header = *header;
    state.ttl = std::chrono::seconds{ttl};
    return state;
}

std::optional<KeyValue> key_value(const Value& value) {
    if (!value.is_object()) return std::nullopt;
    const Object& json = value.as_object();
    KeyValue found;
    if (!read_bytes(json, "key", found.key) || !read_bytes(json, "value", found.value) ||
        !read_number(json, "create_revision", found.create_revision) ||
        !read_number(json, "mod_revision", found.mod_revision) || !read_number(json, "lease", found.lease))
        return std::nullopt;
    return found;
}

std::optional<EtcdReply> transaction_reply(const Transaction& request, const Object& json) {
    const auto header = header_of(json);
    if (!header) return std::nullopt;
    TransactionReply reply{.header = *header, .succeeded = is_true(json, "succeeded")};
    const auto& steps = reply.succeeded ? request.then : request.otherwise;
    const Value::List& responses = list_in(json, "responses");
    if (responses.size() != steps.size()) return std::nullopt;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (!std::holds_alternative<Transaction::Read>(steps[i])) continue;
        const Object* const range =
            responses[i].is_object() ? object_in(responses[i].as_object(), "response_range") : nullptr;
        if (range == nullptr) return std::nullopt;
        auto& keys = reply.reads.emplace_back();
        for (const Value& value : list_in(*range, "kvs")) {
            auto found = key_value(value);
            if (!found) return std::nullopt;
            keys.push_back(std::move(*found));
        }
    }
    return reply;
}

std::optional<EtcdReply> watch_report(const Object& json) {
    const auto header = header_of(json);
    if (!header) return std::nullopt;
    WatchReport report{
        .header = *header, .is_created = is_true(json, "created"), .is_canceled = is_true(json, "canceled")};
    for (const Value& event : list_in(json, "events")) {
        const Object* const found = event.is_object() ? object_in(event.as_object(), "kv") : nullptr;
        WatchReport::Change change;
        if (found == nullptr || !read_bytes(*found, "key", change.key)) return std::nullopt;
        change.is_deletion = event.as_object().get<std::string>("type", "PUT") == "DELETE";
        report.changes.push_back(std::move(change));
    }
    return report;
}

}  // namespace

std::string_view path_of(const EtcdRequest& request) noexcept {
    return std::visit(
        Overloaded{[](const GrantLease&) { return "/v3/lease/grant"; },
                   [](const KeepAlive&) { return "/v3/lease/keepalive"; },
                   [](const AskLease&) { return "/v3/lease/timetolive"; },
                   [](const RevokeLease&) { return "/v3/lease/revoke"; },
                   [](const Authenticate&) { return "/v3/auth/authenticate"; },
                   [](const Transaction&) { return "/v3/kv/txn"; }, [](const WatchKeys&) { return "/v3/watch"; }},
        request);
}

std::string_view action_of(const EtcdRequest& request) noexcept {
    return std::visit(Overloaded{[](const GrantLease&) { return "get a lease from"; },
                                 [](const KeepAlive&) { return "renew the lease at"; },
                                 [](const AskLease&) { return "ask for a lease at"; },
                                 [](const RevokeLease&) { return "revoke the lease at"; },
                                 [](const Authenticate&) { return "log in to"; },
                                 [](const Transaction&) { return "read and write keys at"; },
                                 [](const WatchKeys&) { return "watch keys at"; }},
                      request);
}

std::string body_of(const EtcdRequest& request) {
    const auto of_lease = [](std::int64_t lease) { return to_json(Object{{"ID", std::to_string(lease)}}); };
    return std::visit(Overloaded{[](const GrantLease& grant) {
                                     return to_json(Object{{"TTL", std::to_string(grant.ttl.count())}});
                                 },
                                 [&](const KeepAlive& keep) { return of_lease(keep.lease); },
                                 [&](const AskLease& ask) { return of_lease(ask.lease); },
                                 [&](const RevokeLease& revoke) { return of_lease(revoke.lease); },
                                 [](const Authenticate& login) {
                                     return to_json(Object{{"name", login.user}, {"password", login.password}});
                                 },
                                 [](const Transaction& transaction) {
                                     return to_json(Object{{"compare", to_list(transaction.conditions)},
                                                           {"success", to_list(transaction.then)},
                                                           {"failure", to_list(transaction.otherwise)}});
                                 },
                                 [](const WatchKeys& watch) { return body_of_watch(watch); }},
                      request);
}

std::optional<EtcdReply> reply_to(const EtcdRequest& request, const Object& json) {
    if (std::holds_alternative<RevokeLease>(request)) {
        const auto header = header_of(json);
        return header ? std::optional<EtcdReply>{LeaseRevoked{*header}} : std::nullopt;
    }
    if (std::holds_alternative<Authenticate>(request)) {
        auto token = json.get<std::string>("token", "");
        return token.empty() ? std::nullopt : std::optional<EtcdReply>{Token{std::move(token)}};
    }
    if (const auto* const transaction = std::get_if<Transaction>(&request))
        return transaction_reply(*transaction, json);
    if (std::holds_alternative<WatchKeys>(request)) return watch_report(json);
    return lease_state(json);
}

}  // namespace servicekit::cluster
