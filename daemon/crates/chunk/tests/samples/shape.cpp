// Shapes and what they weigh.

#include <memory>
#include <string>

#define SHAPE_API __attribute__((visibility("default")))

namespace geo {
namespace {
int hidden() { return 1; }
}  // namespace

/// A point in the plane.
struct Point {
    double x = 0, y = 0;

    Point operator+(const Point& other) const;
    bool operator==(const Point&) const = default;
    explicit operator bool() const { return x != 0; }
};

class Shape {
public:
    /// Makes a shape.
    explicit Shape(std::string name);
    virtual ~Shape() = default;
    Shape(const Shape&) = delete;

    virtual double area() const = 0;
    const std::string& name() const noexcept { return name_; }
    static std::unique_ptr<Shape> make(int kind);

    enum class Kind { Round, Square };
    using Pointer = std::unique_ptr<Shape>;

    struct Options {
        int depth;
        void reset() { depth = 0; }
    };

protected:
    std::string name_;
    Options* options_;
};

class Forward;

// The name is moved.
Shape::Shape(std::string name) : name_(std::move(name)) {}

Point Point::operator+(const Point& other) const {
    return {x + other.x, y + other.y};
}

/**
 * A box of shapes.
 */
template <typename T, int N = 4>
class Box : public Shape {
public:
    template <typename U>
    void put(U&& value) {
        auto local = [&](int i) { return i; };
        int count = local(1);
    }
    T& front();
};

template <typename T, int N>
T& Box<T, N>::front() {
    Shape shape(name());
    return items_[0];
}

template <>
struct Box<int> {
    int value;
};

template <typename T>
concept Weighty = requires(T t) { t.weight(); };

template <typename T>
using Vec = std::vector<T>;

union Number {
    int i;
    float f;
};

typedef struct { int a; } legacy_t;

constexpr int kMax = 10;
inline std::ostream& operator<<(std::ostream& out, const Point& p) { return out; }
}  // namespace geo

namespace geo::detail {
int deep(int a) { return a; }
}

extern "C" {
SHAPE_API int shape_count(void);
int shape_version(void) { return 1; }
}

int main(int argc, char** argv) {
    return geo::detail::deep(argc);
}
