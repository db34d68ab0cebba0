#pragma once
// Copies a directory. Each file is whole at its place or absent: what an earlier backup left is lost only to a newer one.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <servicekit/core/event.hpp>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>

/// Into a new file that only its owner may read: never through a link that somebody has put there.
inline std::uintmax_t copy_privately(const std::filesystem::path& from, const std::filesystem::path& to) {
    const auto open = [](const std::filesystem::path& file, int flags) {
        return std::shared_ptr<const int>{new int{::open(file.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, 0600)},
                                          [](const int* number) {
                                              ::close(*number);
                                              delete number;
                                          }};
    };
    remove(to);  // what a backup that was interrupted has left
    const auto in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL);
    std::uintmax_t bytes = 0;
    for (ssize_t count = 1; count > 0; bytes += static_cast<std::uintmax_t>(count)) {
        count = ::sendfile(*out, *in, nullptr, std::size_t{1} << 20);
        if (count < 0)
            throw std::filesystem::filesystem_error{"cannot copy", from, to, {errno, std::generic_category()}};
    }
    return bytes;
}

inline servicekit::Reply back_up(const std::filesystem::path& from, const servicekit::Arguments& arguments,
                                 servicekit::Context& context) {
    const std::filesystem::path to = arguments.get<std::string>("directory");
    if (*weakly_canonical(to).lexically_relative(canonical(from)).begin() != "..")
        throw std::invalid_argument("'" + to.string() + "' lies in what is backed up");
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(from))
        if (is_regular_file(entry.symlink_status())) files.push_back(entry.path().lexically_relative(from));
    std::uintmax_t done = 0, bytes = 0;
    for (const auto& file : files) {
        if (context.stop_token().stop_requested()) throw std::runtime_error("interrupted: the service stops");
        create_directories((to / file).parent_path());
        const auto begun = (to / file).replace_filename(".begun." + file.filename().string());
        bytes += copy_privately(from / file, begun);
        rename(begun, to / file);
        context.progress(++done, files.size(), file.string());
    }
    return {{"files", done}, {"bytes", bytes}};
}
