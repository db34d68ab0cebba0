#include <set>
#include <span>
#include <string>

#include "base/json_pointer.hpp"
#include "base/names.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit {
namespace {

/// "FILE: /app/port: reason", without the file where there is none.
ConfigurationError at_key(const std::string& file, const std::string& pointer, const std::string& reason) {
    return ConfigurationError{(file.empty() ? "" : file + ": ") + pointer + ": " + reason};
}

}  // namespace

AppConfiguration AppConfiguration::section(std::string_view key) const {
    const Value* value = find(key);
    if (value != nullptr && !value->is_object()) refuse(key, TypeError{"an object", std::string{value->type_name()}});
    return AppConfiguration{value, path_ + pointer_token(key), file_, notes_};
}

void AppConfiguration::allow_only(std::initializer_list<std::string_view> known) const {
    if (value_ == nullptr) return;
    const std::set<std::string_view> allowed{known};
    for (const auto& member : value_->as_object()) {
        const std::string& key = member.first;
        if (allowed.contains(key)) continue;
        const std::span<const std::string_view> names{known.begin(), known.size()};
        const auto unknown = [&] {
            return at_key(file_, path_ + pointer_token(key), "unknown key" + did_you_mean(key, names));
        };
        if (notes_ == nullptr || !notes_->tolerates) throw unknown();
        notes_->tolerated.emplace_back(unknown().what());
    }
}

void AppConfiguration::needs_restart(std::initializer_list<std::string_view> keys) const {
    notes_of_whole("needs_restart()").restart_keys.insert(keys.begin(), keys.end());
}

void AppConfiguration::secret(std::initializer_list<std::string_view> keys) const {
    notes_of_whole("secret()").secret_keys.insert(keys.begin(), keys.end());
}

AppConfiguration::Notes& AppConfiguration::notes_of_whole(const char* function) const {
    if (notes_ == nullptr || path_ != "/app")
        throw std::logic_error{std::string{function} + " is for the whole of `app` in a load event"};
    return *notes_;
}

const Value* AppConfiguration::find(std::string_view key) const {
    return value_ != nullptr ? value_->as_object().find(key) : nullptr;
}

const Value& AppConfiguration::require(std::string_view key) const {
    if (const Value* value = find(key)) return *value;
    throw at_key(file_, path_ + pointer_token(key), file_.empty() ? "missing, and there is no config file" : "missing");
}

void AppConfiguration::refuse(std::string_view key, const TypeError& error) const {
    throw at_key(file_, path_ + pointer_token(key), error.what());
}

}  // namespace servicekit
