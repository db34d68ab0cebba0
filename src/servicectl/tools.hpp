#pragma once

#include "cli/tools.hpp"
#include "os/files/directories.hpp"
#include "servicectl/top/screen.hpp"
#include "servicectl/web/server.hpp"

namespace servicekit::servicectl {

/// The interfaces to the operating system that servicectl uses; a test passes fakes.
struct Tools : cli::Tools {
    os::Directories* directories = &os::posix_directories();  ///< for `new`
    top::OpenScreen open_screen = {};                         ///< for `top`
    web::ServeHttp serve_http = {};                           ///< for `web`
};

}  // namespace servicekit::servicectl
