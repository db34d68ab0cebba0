#pragma once

#include <string>
#include <vector>

#include "cli/tools.hpp"
#include "servicekit/core/service_base.hpp"
#include "servicekit/main.hpp"

namespace servicekit::cli {

/// Does what a command line asks of a service that is made only if the verb needs it.
int run_program(const detail::Program& program, const std::vector<std::string>& arguments, const Tools& tools = {});

/// Does what a command line asks of a service. What the service throws is printed.
/// \param arguments with the program's own name first
/// \param verbs     those that the program adds; null: none
/// \returns the exit code for main()
int run_program(ServiceBase& service, const std::vector<std::string>& arguments, const Tools& tools = {},
                const std::vector<ProgramVerb>* verbs = nullptr);

}  // namespace servicekit::cli
