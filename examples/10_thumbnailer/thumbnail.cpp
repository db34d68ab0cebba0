#include "thumbnail.hpp"

#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

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
    const fs::path unfinished = thumbnail.string() + ".part";
    std::ofstream out{unfinished, std::ios::binary};
    out << "P6\n" << (columns + step - 1) / step << ' ' << (rows + step - 1) / step << "\n255\n";
    for (std::size_t row = 0; row < rows; row += step)
        for (std::size_t column = 0; column < columns; column += step)
            out.write(&pixels[(row * columns + column) * colours], colours);
    out.close();
    if (!out) throw std::runtime_error{"cannot write " + unfinished.string()};
    fs::rename(unfinished, thumbnail);
}
