#include "core/changed_keys.hpp"

#include <algorithm>

namespace servicekit {

std::vector<std::string> changed_keys(const Value& before, const Value& after) {
    static const Object none;
    const Object& old_keys = before.is_object() ? before.as_object() : none;
    const Object& new_keys = after.is_object() ? after.as_object() : none;
    std::vector<std::string> changed;
    for (const auto& [key, value] : new_keys) {
        const Value* old_value = old_keys.find(key);
        if (old_value == nullptr || !(*old_value == value)) changed.push_back(key);
    }
    for (const auto& [key, value] : old_keys)
        if (!new_keys.contains(key)) changed.push_back(key);
    std::sort(changed.begin(), changed.end());
    return changed;
}

}  // namespace servicekit
