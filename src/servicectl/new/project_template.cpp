#include "servicectl/new/project_template.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace servicekit::servicectl {

std::string with_name(std::string_view text, const ProjectName& name) {
    const std::array<std::pair<std::string_view, const std::string*>, 4> forms{{{"my-service", &name.service},
                                                                                {"my_service", &name.file},
                                                                                {"MyService", &name.class_name},
                                                                                {"MY_SERVICE", &name.variable}}};
    std::string replaced;
    while (!text.empty()) {
        const auto* const form =
            std::find_if(forms.begin(), forms.end(), [&text](const auto& one) { return text.starts_with(one.first); });
        const bool is_form = form != forms.end();
        replaced += is_form ? std::string_view{*form->second} : text.substr(0, 1);
        text.remove_prefix(is_form ? form->first.size() : 1);
    }
    return replaced;
}

std::vector<ProjectFile> project_files(const ProjectName& name) {
    std::vector<ProjectFile> files;
    for (const TemplateFile& file : template_files())
        files.push_back({with_name(file.path, name), with_name(file.content, name)});
    std::sort(files.begin(), files.end(),
              [](const ProjectFile& one, const ProjectFile& other) { return one.path < other.path; });
    return files;
}

}  // namespace servicekit::servicectl
