// A service that works by itself. It shows a timer, a long event that runs beside others and can be cancelled, values
// in the status, a secret, and a verb of the program.
#include <servicekit/main.hpp>

#include <cstdint>
#include <string>

#include "thumbnail.hpp"
#include "thumbnailer.hpp"

int main(int argc, char** argv) {
    using servicekit::ParameterType;
    const auto shrink = [](servicekit::VerbRun& run) {
        const auto image = run.arguments().get<std::string>("image");
        make_thumbnail(image, image + ".small.ppm", run.arguments().get<std::size_t>("width"));
        run.print(image + ".small.ppm\n");
        return 0;
    };
    return servicekit::service_main<Thumbnailer>(
        argc, argv, {.name = "thumbnailer", .version = "1.0"},
        {{.name = "shrink",
          .description = "makes one image smaller",
          .arguments = {{.name = "image", .type = ParameterType::path, .description = "of the format PPM"}},
          .options = {{.name = "width", .type = ParameterType::integer, .default_value = 64, .minimum = 1}},
          .run = shrink}});
}
