#include "servicekit/core/reply.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace servicekit {
namespace {

[[gnu::hot]] void refuse_reserved(std::string_view key) {
    if (key == "error" || key == "progress")
        throw std::invalid_argument{"a reply can't have the field '" + std::string{key} + "': the protocol keeps it"};
}

}  // namespace

[[gnu::hot]] Reply::Reply(Object fields) : fields_{std::move(fields)} {
    for (const auto& [key, value] : fields_) refuse_reserved(key);
}

Reply& Reply::set(std::string_view key, Value value) {
    refuse_reserved(key);
    fields_.set(key, std::move(value));
    return *this;
}

}  // namespace servicekit
