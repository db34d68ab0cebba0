#include <string>
#include <vector>

#include "servicectl/servicectl.hpp"

int main(int argc, char** argv) {
    return servicekit::servicectl::run_servicectl(std::vector<std::string>(argv, argv + argc));
}
