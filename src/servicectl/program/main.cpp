#include <string>
#include <vector>

#include "servicectl/program/curses_screen.hpp"
#include "servicectl/program/web_server.hpp"
#include "servicectl/servicectl.hpp"

int main(int argc, char** argv) {
    namespace servicectl = servicekit::servicectl;
    servicectl::Tools tools;
    tools.open_screen = &servicectl::open_curses_screen;
    tools.serve_http = &servicectl::serve_http;
    return servicectl::run_servicectl(std::vector<std::string>(argv, argv + argc), tools);
}
