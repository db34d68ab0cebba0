#pragma once
// Copies a folder. Each file is whole at its place or absent: what an earlier backup left is lost only to a newer one.
#include <servicekit/core/event.hpp>

#include <filesystem>

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
        copy_file(from / file, begun, std::filesystem::copy_options::overwrite_existing);
        rename(begun, to / file);
        bytes += file_size(to / file);
        context.progress(++done, files.size(), file.string());
    }
    return {{"files", done}, {"bytes", bytes}};
}
