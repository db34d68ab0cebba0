#include "back_up.hpp"

#include <fcntl.h>
#include <sys/sendfile.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "descriptor.hpp"

namespace fs = std::filesystem;

namespace {

/// Returns the regular files below a directory, relative to it.
std::vector<fs::path> files_of(const fs::path& directory) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator{directory}) {
        if (fs::is_regular_file(entry.symlink_status())) files.push_back(entry.path().lexically_relative(directory));
    }
    return files;
}

/// \returns the number of bytes
std::uintmax_t copy_content(const fs::path& from, const fs::path& to) {
    const auto fail = [&] { throw fs::filesystem_error{"cannot copy", from, to, {errno, std::generic_category()}}; };
    const Descriptor in{open(from.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
    if (!in) fail();
    const Descriptor out{open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!out) fail();

    std::uintmax_t bytes = 0;
    while (true) {
        const ssize_t count = sendfile(out.get(), in.get(), nullptr, std::size_t{1} << 20);
        if (count < 0) fail();
        if (count == 0) return bytes;
        bytes += static_cast<std::uintmax_t>(count);
    }
}

bool is_within(const fs::path& path, const fs::path& directory) {
    const fs::path relative = fs::weakly_canonical(path).lexically_relative(fs::canonical(directory));
    return *relative.begin() != "..";
}

}  // namespace

servicekit::Reply back_up(const fs::path& from, const fs::path& to, const servicekit::Context& context) {
    if (is_within(to, from)) throw std::invalid_argument{"'" + to.string() + "' is in the directory to back up"};
    const std::vector<fs::path> files = files_of(from);
    std::uintmax_t done = 0;
    std::uintmax_t bytes = 0;
    for (const fs::path& file : files) {
        if (context.stop_token().stop_requested()) throw std::runtime_error{"interrupted: the service stops"};
        const fs::path target = to / file;
        fs::path unfinished = target;
        unfinished.replace_filename(".begun." + file.filename().string());
        fs::create_directories(target.parent_path());
        fs::remove(unfinished);  // left by an interrupted backup
        bytes += copy_content(from / file, unfinished);
        fs::rename(unfinished, target);
        context.progress(++done, files.size(), file.string());
    }
    return {{"files", done}, {"bytes", bytes}};
}
