#pragma once

#include <string>
#include <string_view>

#include "servicekit/base/result.hpp"

namespace servicekit::servicectl {

/// The name of a new service, in each form that its project needs.
struct ProjectName {
    std::string service;     ///< "web-front": the service, its program, CMake target, unit and user
    std::string file;        ///< "web_front": sources
    std::string class_name;  ///< "WebFrontService"
    std::string variable;    ///< "WEB_FRONT": environment variables begin with it

    /// \returns ExitCode::usage for a name that is not valid in one of the forms. The message suggests another name.
    static Result<ProjectName> from(std::string_view name);
};

}  // namespace servicekit::servicectl
