package example.shapes

import scala.math.Pi

/** What has an area. */
trait Shape[F[_]] { self: Logging =>
  type Unit0 = Double
  val name: String
  def area: Double
  protected def scaled(by: Double): F[Shape[F]] =
    val factor = by * 2
    def twice(x: Double) = x + x
    scaled(twice(factor))
}

/** A circle. */
@deprecated("use Ellipse", "1.2")
final case class Circle(radius: Double, label: String = "") extends Shape[Option] with Logging {
  private lazy val squared: Double = radius * radius
  var touched, seen = false
  val (low, high) = (0, 1)

  def this(text: String) = this(text.toDouble)

  override def area: Double = Pi * squared

  def +(other: Circle): Circle = copy(radius + other.radius)
  def `type` = "circle"
}

object Circle {
  final val MAX_RADIUS = 100
  implicit val encoder: Encoder[Circle] = new Encoder[Circle] {
    val kind = "json"
    def apply(circle: Circle): Json = Json.Null
  }
  implicit class Ops(val circle: Circle) extends AnyVal {
    def doubled: Circle = circle + circle
  }
  // Not for everyone.
  private[shapes] def parse[A](text: String)(implicit reader: Reader[A]): Either[Error, Circle] =
    Left(new Error(text))
}

case object Origin

package object syntax {
  def unit: Circle = Circle(1)
}

package nested {
  class Inner
}

/** Colours by name. */
enum Color(val rgb: Int):
  case Red extends Color(0xff0000)
  case Green, Blue
  /** Any other. */
  case Mixed(red: Int, green: Int)

  def isDark: Boolean = rgb < 100
end Color

given ordering: Ordering[Circle] with
  def compare(x: Circle, y: Circle): Int =
    x.radius.compare(y.radius)

given Show[Color] with
  extension (color: Color) def show: String = color.toString

given limit: Int = 3

/** More for circles. */
extension (circle: Circle)
  def diameter: Double = circle.radius * 2

  def isUnit: Boolean =
    circle.radius == 1

extension [T](shapes: List[T])(using Ordering[T])
  def largest: T = shapes.max

opaque type Degrees = Double

val unitCircle = Circle(1)

class Canvas(width: Int):
  /** Draws. */
  def draw(shape: Shape[Option]): Unit =
    shape.area
    println(width)

  private val depth = 2
end Canvas

@main def run(args: String*): Unit =
  println(unitCircle)


// What is left.
def last(x: Int) = x
