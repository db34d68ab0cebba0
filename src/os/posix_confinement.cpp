#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "os/descriptor.hpp"
#include "os/landlock.hpp"
#include "os/uninterrupted.hpp"
#include "servicekit/os/confinement.hpp"

namespace servicekit::os {
namespace {

// From <linux/landlock.h> and <asm/unistd.h>, which the build system may lack. The numbers are the same on every
// architecture except alpha, whose headers define its own.
#ifdef SYS_landlock_create_ruleset
constexpr long create_ruleset_number = SYS_landlock_create_ruleset;
constexpr long add_rule_number = SYS_landlock_add_rule;
constexpr long restrict_self_number = SYS_landlock_restrict_self;
#else
constexpr long create_ruleset_number = 444;
constexpr long add_rule_number = 445;
constexpr long restrict_self_number = 446;
#endif
constexpr unsigned ask_for_version = 1U << 0U;  // LANDLOCK_CREATE_RULESET_VERSION
constexpr int path_beneath = 1;                 // LANDLOCK_RULE_PATH_BENEATH

/// The first version of struct landlock_ruleset_attr. The kernel is given its size.
struct RulesetAttributes {
    std::uint64_t handled_access_fs = 0;
};

/// struct landlock_path_beneath_attr
struct [[gnu::packed]] PathAttributes {
    std::uint64_t allowed_access = 0;
    std::int32_t parent_fd = -1;
};
static_assert(sizeof(PathAttributes) == 12);

constexpr const char* confine_action = "confine writing";

std::string in_words(std::optional<std::uint64_t> limit) { return limit ? std::to_string(*limit) : "unlimited"; }

/// Lets the path be written under the rules. Ignores a path that is missing if it may be missing.
Result<void> allow(const Descriptor& ruleset, const WritablePath& writable, landlock::Rights known) {
    const Descriptor place{open_uninterrupted(writable.path.c_str(), O_PATH | O_CLOEXEC)};
    struct stat found {};
    if (!place || ::fstat(place.get(), &found) != 0) {
        if (writable.may_be_missing) return {};
        return os_error("let the service write", writable.path, errno);
    }
    const auto kind = S_ISDIR(found.st_mode) ? landlock::PathKind::directory : landlock::PathKind::file;
    const landlock::Rights rights = landlock::rights_for(writable.use, kind, known);
    if (rights == 0) return {};  // no rule can express this
    const PathAttributes attributes{.allowed_access = rights, .parent_fd = place.get()};
    if (::syscall(add_rule_number, ruleset.get(), path_beneath, &attributes, 0) != 0)
        return os_error("let the service write", writable.path, errno);
    return {};
}

class PosixConfinement final : public Confinement {
public:
    Result<void> limit(Resource resource, std::optional<std::uint64_t> at_most) override {
        const bool is_core = resource == Resource::core_size;
        const auto number = at_most ? static_cast<rlim_t>(*at_most) : RLIM_INFINITY;
        const rlimit both{.rlim_cur = number, .rlim_max = number};
        if (::setrlimit(is_core ? RLIMIT_CORE : RLIMIT_NOFILE, &both) != 0)
            return os_error(is_core ? "set the limit of core files to" : "set the limit of open files to",
                            in_words(at_most), errno);
        return {};
    }

    Result<void> allow_core_dumps() override {
        if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return os_error("allow core dumps", "", errno);
        return {};
    }

    Result<void> forbid_new_privileges() override {
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return os_error("forbid new privileges", "", errno);
        if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
            return Error{ExitCode::permission, "forbid new privileges", "", "the system left them allowed", EPERM};
        return {};
    }

    Result<WriteConfinement> confine_writing(std::span<const WritablePath> paths) override {
        const long version = ::syscall(create_ruleset_number, nullptr, 0, ask_for_version);
        // ENOSYS: an older kernel; EOPNOTSUPP: disabled at boot; EPERM: a container's seccomp filter.
        if (version < 1)
            return WriteConfinement{.extent = WriteConfinement::Extent::none,
                                    .gap = "the kernel offers no Landlock here (" + errno_text(errno) + ")"};

        const landlock::Rights known = landlock::writing_rights(static_cast<int>(version));
        const RulesetAttributes attributes{.handled_access_fs = known};
        const Descriptor ruleset{static_cast<int>(::syscall(create_ruleset_number, &attributes, sizeof attributes, 0))};
        if (!ruleset) return os_error(confine_action, "", errno);
        for (const WritablePath& path : paths)
            if (auto allowed = allow(ruleset, path, known); !allowed) return allowed.error();
        if (::syscall(restrict_self_number, ruleset.get(), 0) != 0) return os_error(confine_action, "", errno);

        std::string gap = landlock::gap_of(static_cast<int>(version));
        if (gap.empty()) return WriteConfinement{};
        return WriteConfinement{.extent = WriteConfinement::Extent::partial,
                                .gap = "the kernel's Landlock is of version " + std::to_string(version) + ": " + gap};
    }
};

}  // namespace

Confinement& posix_confinement() {
    static PosixConfinement confinement;
    return confinement;
}

}  // namespace servicekit::os
