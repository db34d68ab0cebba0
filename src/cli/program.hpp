#pragma once

#include <string>
#include <vector>

#include "cli/tools.hpp"
#include "servicekit/core/service_base.hpp"
#include "servicekit/main.hpp"

namespace servicekit::cli {

/// Executes a command line. The service is created only if the verb needs it.
int run_program(const detail::Program& program, const std::vector<std::string>& arguments, const Tools& tools = {});

/// Executes a command line for a service. Prints exceptions of the service.
/// \param arguments the program name comes first
/// \param verbs     added by the application; null: none
/// \returns the exit code for main()
int run_program(ServiceBase& service, const std::vector<std::string>& arguments, const Tools& tools = {},
                const std::vector<ProgramVerb>* verbs = nullptr);

}  // namespace servicekit::cli
