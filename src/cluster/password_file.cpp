#include "cluster/password_file.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "servicekit/os/files.hpp"

namespace servicekit::cluster {

Result<std::string> read_password(os::Files& files, const std::string& path, uid_t user) {
    constexpr std::size_t longest = 4096;
    constexpr mode_t others = 07;
    const auto refuse = [&](ExitCode code, std::string reason) {
        return Error{code, "read the password from", path, std::move(reason)};
    };
    const auto file = files.open_for_reading(path);
    if (!file) return refuse(ExitCode::configuration, file.error().reason).at_stage(ExitCode::configuration);
    const auto status = (*file)->status();
    if (!status) return refuse(ExitCode::configuration, status.error().reason);
    if (status->type != os::FileType::regular) return refuse(ExitCode::configuration, "it is not a regular file");
    if (status->uid != 0 && status->uid != user)
        return refuse(ExitCode::permission, "the file belongs neither to root nor to the user of the service");
    if ((status->permissions & others) != 0)
        return refuse(ExitCode::permission, "every user has rights on the file; use chmod o= to remove them");
    auto text = (*file)->read_at(0, longest);
    if (!text) return refuse(ExitCode::configuration, text.error().reason);
    text->resize(std::min(text->size(), text->find_first_of("\r\n")));
    if (text->empty()) return refuse(ExitCode::configuration, "its first line is empty");
    return std::move(*text);
}

}  // namespace servicekit::cluster
