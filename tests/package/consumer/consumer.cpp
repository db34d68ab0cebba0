#include <servicekit/mocks/mock_process.hpp>
#include <servicekit/service.hpp>

int main() {
    const servicekit::mocks::MockProcess process;
    servicekit::Service service{{.name = "consumer"}};
    return service.events().find("stop") != nullptr ? 0 : 1;
}
