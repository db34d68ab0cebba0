#include <string>

#include "base/json_pointer.hpp"
#include "servicekit/core/settings.hpp"

namespace servicekit {
namespace {

/// Returns an error "FILE: /app/port: reason", without the file if there is none.
ConfigurationError at_key(const std::string& file, const std::string& pointer, const std::string& reason) {
    return ConfigurationError{(file.empty() ? "" : file + ": ") + pointer + ": " + reason};
}

}  // namespace

AppConfiguration AppConfiguration::section(std::string_view key) const {
    const Value* value = find(key);
    if (value != nullptr && !value->is_object()) refuse(key, TypeError{"an object", std::string{value->type_name()}});
    return AppConfiguration{value, path_ + pointer_token(key), file_, notes_};
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
