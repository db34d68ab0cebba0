#include "servicekit/mocks/fake_inherited_descriptors.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

namespace servicekit::mocks {
namespace {

std::string name_of_descriptor(int descriptor) { return "descriptor " + std::to_string(descriptor); }

}  // namespace

Result<void> FakeInheritedDescriptors::claim_for_writing(int descriptor) {
    const std::string name = name_of_descriptor(descriptor);
    if (const auto failure = failures_.due("claim_for_writing", name)) return os_error("use", name, *failure);
    if (!is_open(descriptor) || !state(descriptor).is_inherited) return os_error("use", name, EBADF);
    descriptors_[descriptor].claimed = true;
    return {};
}

Result<void> FakeInheritedDescriptors::write_and_close(int descriptor, std::string_view text) {
    const std::string name = name_of_descriptor(descriptor);
    const auto failure = failures_.due("write_and_close", name);
    const bool was_open = is_open(descriptor);
    close(descriptor);
    if (failure) return os_error("write to", name, *failure);
    if (!was_open) return os_error("write to", name, EBADF);
    descriptors_[descriptor].written += text;
    return {};
}

void FakeInheritedDescriptors::close(int descriptor) noexcept {
    if (const auto found = descriptors_.find(descriptor); found != descriptors_.end()) found->second.open = false;
}

Result<void> FakeInheritedDescriptors::close_all_but(std::span<const int> keep) {
    if (const auto failure = failures_.due("close_all_but"))
        return os_error("close what this process inherited", "", *failure);
    constexpr int last_standard_stream = 2;
    for (auto& [descriptor, known] : descriptors_) {
        const bool is_kept = std::find(keep.begin(), keep.end(), descriptor) != keep.end();
        if (known.is_inherited && descriptor > last_standard_stream && !is_kept) known.open = false;
    }
    return {};
}

bool FakeInheritedDescriptors::is_open(int descriptor) const {
    const auto found = descriptors_.find(descriptor);
    return found != descriptors_.end() && found->second.open;
}

bool FakeInheritedDescriptors::is_claimed(int descriptor) const { return state(descriptor).claimed; }

std::string FakeInheritedDescriptors::written(int descriptor) const { return state(descriptor).written; }

FakeInheritedDescriptors::State FakeInheritedDescriptors::state(int descriptor) const {
    const auto found = descriptors_.find(descriptor);
    return found != descriptors_.end() ? found->second : State{.open = false};
}

}  // namespace servicekit::mocks
