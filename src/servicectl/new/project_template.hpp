#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "servicectl/new/project_name.hpp"

namespace servicekit::servicectl {

/// A file of the template, from src/servicectl/new/template. It is a project of a service `my-service`.
struct TemplateFile {
    std::string_view path;  ///< relative
    std::string_view content;
};
[[nodiscard]] std::span<const TemplateFile> template_files();

/// A file of a new project.
struct ProjectFile {
    std::string path;  ///< relative to the project's directory
    std::string content;
};

/// Returns the text with each form of `my-service` replaced by that form of the name.
[[nodiscard]] std::string with_name(std::string_view text, const ProjectName& name);
/// Returns the files of a project, sorted by path.
[[nodiscard]] std::vector<ProjectFile> project_files(const ProjectName& name);

}  // namespace servicekit::servicectl
