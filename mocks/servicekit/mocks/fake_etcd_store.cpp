#include "servicekit/mocks/fake_etcd_store.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace servicekit::mocks {
namespace {

constexpr const char* base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::int64_t number_in(const Object& json, std::string_view key) {
    const Value* const value = json.find(key);
    if (value == nullptr) return 0;
    return value->is_string() ? std::stoll(value->as_string()) : value->as_integer();
}

std::string bytes_in(const Object& json, std::string_view key) {
    return decoded_base64(json.get<std::string>(key, ""));
}

Object to_object(const std::string& name, const FakeEtcdStore::Key& key) {
    Object json{{"key", encoded_base64(name)},
                {"create_revision", std::to_string(key.create_revision)},
                {"mod_revision", std::to_string(key.mod_revision)},
                {"version", "1"},
                {"value", encoded_base64(key.value)}};
    if (key.lease != 0) json.append("lease", std::to_string(key.lease));
    return json;
}

}  // namespace

std::string decoded_base64(const std::string& text) {
    std::string bytes;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        if (c == '=') break;
        const std::string_view alphabet{base64_alphabet};
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) throw std::invalid_argument("illegal base64 data");
        bits = bits << 6U | static_cast<unsigned>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 255U);
    }
    return bytes;
}

std::string encoded_base64(const std::string& bytes) {
    std::string text;
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : bytes) {
        bits = bits << 8U | static_cast<unsigned char>(c);
        count += 8;
        while (count >= 6) {
            count -= 6;
            text += base64_alphabet[bits >> count & 63U];
        }
    }
    if (count > 0) text += base64_alphabet[bits << (6 - count) & 63U];
    while (text.size() % 4 != 0) text += '=';
    return text;
}

std::int64_t FakeEtcdStore::grant(std::chrono::seconds ttl, Time now) {
    constexpr std::chrono::seconds shortest{1};
    const auto granted = granted_ttl.value_or(std::max(ttl, shortest));
    leases[++last_lease] = {granted, now + granted};
    return last_lease;
}

std::chrono::seconds FakeEtcdStore::keep_alive(std::int64_t lease, Time now) {
    const auto found = leases.find(lease);
    if (found == leases.end() || found->second.end <= now) return std::chrono::seconds{0};
    found->second.end = now + found->second.ttl;
    return found->second.ttl;
}

bool FakeEtcdStore::revoke(std::int64_t lease) {
    if (leases.erase(lease) == 0) return false;
    std::vector<std::string> names;
    for (const auto& [name, key] : keys)
        if (key.lease == lease) names.push_back(name);
    if (!names.empty()) ++revision;
    for (const std::string& name : names) erase_at(name, revision);
    return true;
}

bool FakeEtcdStore::put(const std::string& key, const std::string& value, std::int64_t lease) {
    if (!put_at(key, value, lease, revision + 1)) return false;
    ++revision;
    return true;
}

bool FakeEtcdStore::erase(const std::string& key) {
    if (!erase_at(key, revision + 1)) return false;
    ++revision;
    return true;
}

void FakeEtcdStore::lapse(Time now) {
    std::vector<std::int64_t> lapsed;
    for (const auto& [id, lease] : leases)
        if (lease.end + lateness <= now) lapsed.push_back(id);
    for (const std::int64_t id : lapsed) revoke(id);
}

void FakeEtcdStore::extend_leases(Time now) {
    for (auto& [id, lease] : leases) lease.end = std::max(lease.end, now + lease.ttl);
}

bool FakeEtcdStore::put_at(const std::string& key, const std::string& value, std::int64_t lease,
                           std::int64_t at_revision) {
    if (lease != 0 && !leases.contains(lease)) return false;
    Key& entry = keys[key];
    if (entry.create_revision == 0) entry.create_revision = at_revision;
    entry.mod_revision = at_revision;
    entry.value = value;
    entry.lease = lease;
    changes.push_back({.revision = at_revision, .key = key});
    return true;
}

bool FakeEtcdStore::erase_at(const std::string& key, std::int64_t at_revision) {
    if (keys.erase(key) == 0) return false;
    changes.push_back({.revision = at_revision, .key = key, .is_deletion = true});
    return true;
}

bool FakeEtcdStore::holds(const Object& condition) const {
    const auto found = keys.find(bytes_in(condition, "key"));
    const bool is_create = condition.get<std::string>("target", "") == "CREATE";
    const std::int64_t expected = number_in(condition, is_create ? "create_revision" : "mod_revision");
    const std::int64_t actual = found == keys.end() ? 0
                                : is_create         ? found->second.create_revision
                                                    : found->second.mod_revision;
    return actual == expected;
}

std::optional<Object> FakeEtcdStore::step(const Object& request, std::int64_t at_revision, bool& has_changed) {
    if (const Value* const put = request.find("request_put")) {
        const Object& what = put->as_object();
        if (!put_at(bytes_in(what, "key"), bytes_in(what, "value"), number_in(what, "lease"), at_revision))
            return std::nullopt;
        has_changed = true;
        return Object{{"response_put", Object{{"header", Object{}}}}};
    }
    if (const Value* const removal = request.find("request_delete_range")) {
        if (erase_at(bytes_in(removal->as_object(), "key"), at_revision)) has_changed = true;
        return Object{{"response_delete_range", Object{{"header", Object{}}}}};
    }
    const Object& range = request.get<Object>("request_range");
    const std::string first = bytes_in(range, "key");
    const std::string end = bytes_in(range, "range_end");
    Value::List found;
    for (const auto& [name, key] : keys)
        if (end.empty() ? name == first : name >= first && name < end) found.emplace_back(to_object(name, key));
    Object reply{{"header", Object{}}};
    if (!found.empty()) reply.append("kvs", std::move(found));
    return Object{{"response_range", std::move(reply)}};
}

std::optional<Object> FakeEtcdStore::run(const Object& transaction) {
    static const Value::List none;
    const auto list_in = [](const Object& json, std::string_view key) -> const Value::List& {
        const Value* const value = json.find(key);
        return value != nullptr ? value->as_list() : none;
    };
    bool succeeded = true;
    for (const Value& condition : list_in(transaction, "compare"))
        succeeded = succeeded && holds(condition.as_object());
    const Value::List& steps = list_in(transaction, succeeded ? "success" : "failure");
    for (const Value& one : steps) {
        // All steps are made, or none.
        const Value* const put = one.as_object().find("request_put");
        if (put != nullptr)
            if (const auto lease = number_in(put->as_object(), "lease"); lease != 0 && !leases.contains(lease))
                return std::nullopt;
    }
    bool has_changed = false;
    Value::List responses;
    for (const Value& one : steps) {
        auto response = step(one.as_object(), revision + 1, has_changed);
        if (!response) return std::nullopt;
        responses.emplace_back(std::move(*response));
    }
    if (has_changed) ++revision;
    Object reply;
    if (succeeded) reply.append("succeeded", true);
    if (!responses.empty()) reply.append("responses", std::move(responses));
    return reply;
}

Object FakeEtcdStore::header(std::optional<std::uint64_t> other_term, std::uint64_t member) const {
    return {{"cluster_id", std::to_string(cluster)},
            {"member_id", std::to_string(member)},
            {"revision", std::to_string(revision)},
            {"raft_term", std::to_string(other_term.value_or(term))}};
}

std::vector<std::string> FakeEtcdStore::keys_with(const std::string& prefix) const {
    std::vector<std::string> names;
    for (const auto& [name, key] : keys)
        if (name.starts_with(prefix)) names.push_back(name);
    std::sort(names.begin(), names.end(), [this](const std::string& a, const std::string& b) {
        return keys.at(a).create_revision < keys.at(b).create_revision;
    });
    return names;
}

}  // namespace servicekit::mocks
