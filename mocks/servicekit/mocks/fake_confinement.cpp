#include "servicekit/mocks/fake_confinement.hpp"

#include <cerrno>
#include <string>

namespace servicekit::mocks {

std::optional<int> FakeConfinement::begin(std::string_view function, std::string_view object) {
    if (on_call_) on_call_(function);
    return failures_.due(function, object);
}

Result<void> FakeConfinement::limit(Resource resource, std::optional<std::uint64_t> at_most) {
    const bool is_core = resource == Resource::core_size;
    if (const auto failure = begin("limit", is_core ? "core_size" : "open_files"))
        return os_error(is_core ? "set the limit of core files to" : "set the limit of open files to",
                        at_most ? std::to_string(*at_most) : "unlimited", *failure);
    limits_.insert_or_assign(resource, at_most);
    return {};
}

Result<void> FakeConfinement::allow_core_dumps() {
    if (const auto failure = begin("allow_core_dumps")) return os_error("allow core dumps", "", *failure);
    core_dumps_allowed_ = true;
    return {};
}

Result<void> FakeConfinement::forbid_new_privileges() {
    if (const auto failure = begin("forbid_new_privileges")) return os_error("forbid new privileges", "", *failure);
    new_privileges_forbidden_ = true;
    return {};
}

Result<os::WriteConfinement> FakeConfinement::confine_writing(std::span<const os::WritablePath> paths) {
    if (on_call_) on_call_("confine_writing");
    for (const os::WritablePath& path : paths)
        if (const auto failure = failures_.due("confine_writing", path.path); failure && !path.may_be_missing)
            return os_error("let the service write", path.path, *failure);
    if (kernel_.extent == os::WriteConfinement::Extent::none) return kernel_;
    if (!new_privileges_forbidden_) return os_error("confine writing", "", EPERM);
    writable_.emplace(paths.begin(), paths.end());
    return kernel_;
}

std::optional<std::optional<std::uint64_t>> FakeConfinement::limit_of(Resource resource) const {
    const auto found = limits_.find(resource);
    if (found == limits_.end()) return std::nullopt;
    return std::optional<std::optional<std::uint64_t>>{std::in_place, found->second};
}

}  // namespace servicekit::mocks
