// Asks a running greeter (example 01): client SOCKET NAME
#include <servicekit/client.hpp>

#include <chrono>
#include <iostream>
#include <string>

using servicekit::Client, servicekit::Result;

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: client SOCKET NAME\n";
        return 64;
    }
    Result<Client> greeter = Client::connect(argv[1]);
    if (!greeter) {
        std::cerr << greeter.error().message() << '\n';
        return 1;
    }
    const auto reply = greeter->call("greet", {{"name", argv[2]}}, {.timeout = std::chrono::seconds{10}});
    if (!reply) {  // reply.error().code() tells an answer of the greeter's from no answer at all
        std::cerr << reply.error().what() << '\n';
        return 1;
    }
    std::cout << reply->get<std::string>("text") << '\n';
}
