#include "core/object_path.hpp"

#include <utility>

namespace servicekit {
namespace {

/// \param value null: removes the value there
Value with_at(const Value& object, std::span<const std::string> path, const Value* value) {
    Object members = object.is_object() ? object.as_object() : Object{};
    const std::string& key = path.front();
    if (path.size() > 1) {
        const Value* const inner = members.find(key);
        if (inner == nullptr && value == nullptr) return members;
        members.set(key, with_at(inner != nullptr ? *inner : Value{}, path.subspan(1), value));
    } else if (value != nullptr) {
        members.set(key, *value);
    } else {
        members.erase(key);
    }
    return members;
}

}  // namespace

const Value* find_at(const Value& object, std::span<const std::string> path) {
    const Value* found = &object;
    for (const std::string& key : path) {
        found = found->is_object() ? found->as_object().find(key) : nullptr;
        if (found == nullptr) return nullptr;
    }
    return found;
}

Value with_value_at(const Value& object, std::span<const std::string> path, const Value& value) {
    return with_at(object, path, &value);
}

Value merged(const Value& base, const Value& more) {
    if (!base.is_object() || !more.is_object()) return more;
    Object members = base.as_object();
    for (const auto& [key, value] : more.as_object()) {
        const Value* const known = members.find(key);
        members.set(key, known != nullptr ? merged(*known, value) : value);
    }
    return members;
}

Value with_value_of(const Value& object, const Value& other, std::span<const std::string> path) {
    return with_at(object, path, find_at(other, path));
}

}  // namespace servicekit
