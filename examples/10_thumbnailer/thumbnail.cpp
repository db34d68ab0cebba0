#include "thumbnail.hpp"

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "replace_file.hpp"

namespace fs = std::filesystem;

void make_thumbnail(const fs::path& image, const fs::path& thumbnail, std::size_t width) {
    constexpr std::size_t colours = 3;
    constexpr std::size_t most_pixels = 100'000'000;
    std::ifstream in{image, std::ios::binary};
    std::string format;
    std::size_t columns = 0;
    std::size_t rows = 0;
    std::size_t brightest = 0;
    in >> format >> columns >> rows >> brightest;
    in.get();
    if (!in || format != "P6" || brightest != 255 || columns == 0 || rows == 0 || rows > most_pixels / columns)
        throw std::runtime_error{"no image of the format PPM: " + image.string()};
    std::vector<char> pixels(columns * rows * colours);
    if (!in.read(pixels.data(), static_cast<std::streamsize>(pixels.size())))
        throw std::runtime_error{"the image is cut off: " + image.string()};

    const std::size_t step = columns > width ? (columns + width - 1) / width : 1;
    std::string small = "P6\n" + std::to_string((columns + step - 1) / step) + " " +
                        std::to_string((rows + step - 1) / step) + "\n255\n";
    for (std::size_t row = 0; row < rows; row += step)
        for (std::size_t column = 0; column < columns; column += step)
            small.append(&pixels[(row * columns + column) * colours], colours);
    replace_file(thumbnail, small);
}
