//! Pictures seen at points between their pixels: enlarged parts and affine maps, through libtorch's `grid_sample`.

use tch::{Device, Kind, Tensor};

use super::Padding;

/// How values between pixels are found, in `grid_sample`'s numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interpolation {
    Bilinear = 0,
    Nearest = 1,
}

/// The pixels of pictures of one size, as coordinates.
#[derive(Debug)]
pub(super) struct Frame {
    height: i64,
    width: i64,
    /// 0, 1, ...: `f32 [1, height, 1]` and `f32 [1, 1, width]`.
    y: Tensor,
    x: Tensor,
}

impl Frame {
    pub fn new([_, height, width]: [i64; 3], device: Device) -> Self {
        let counting = |count| Tensor::arange(count, (Kind::Float, device));
        Self { height, width, y: counting(height).view([1, -1, 1]), x: counting(width).view([1, 1, -1]) }
    }

    /// Of pixels inside the rectangles `f32 [m, 4]` (first row and column, those behind the last): bool `[m, 1, height, width]`.
    pub fn inside(&self, rectangles: &Tensor) -> Tensor {
        let [top, left, bottom, right] = columns(rectangles);
        let rows = self.y.ge_tensor(&top).logical_and(&self.y.lt_tensor(&bottom)); // [m, height, 1]
        let columns = self.x.ge_tensor(&left).logical_and(&self.x.lt_tensor(&right)); // [m, 1, width]
        rows.logical_and(&columns).unsqueeze(1)
    }

    /// The rectangles `f32 [m, 4]` of `images` `f32 [m, channels, height, width]`, enlarged to the whole, bilinear; what lies outside of
    /// a rectangle has no part in it.
    pub fn enlarged(&self, images: &Tensor, rectangles: &Tensor) -> Tensor {
        let [top, left, bottom, right] = columns(rectangles);
        let points = |places: &Tensor, side: i64, first: &Tensor, behind: &Tensor| {
            let points = (places + 0.5) * ((behind - first) / side as f64) + first - 0.5;
            points.maximum(first).minimum(&(behind - 1.0))
        };
        let y = points(&self.y, self.height, &top, &bottom); // [m, height, 1]
        let x = points(&self.x, self.width, &left, &right); // [m, 1, width]
        // Coordinates of `grid_sample` go from -1 at one edge to 1 at the other.
        let unit = |points: Tensor, side: i64| (points * 2.0 + 1.0) / side as f64 - 1.0;
        self.sampled(images, &unit(x, self.width), &unit(y, self.height), Interpolation::Bilinear, Padding::Edge)
    }

    /// `images` `f32 [m, channels, height, width]` under inverse affine maps `f32 [m, 6]` about their centre.
    pub fn mapped(&self, images: &Tensor, maps: &Tensor, how: Interpolation, padding: Padding) -> Tensor {
        let [a, b, c, d, e, f] = columns(maps);
        let centred = |places: &Tensor, side: i64| places - 0.5 * (side - 1) as f64;
        let (y, x) = (centred(&self.y, self.height), centred(&self.x, self.width));
        let old_x = (a * &x + b * &y + c) / (0.5 * self.width as f64); // [m, height, width]
        let old_y = (d * &x + e * &y + f) / (0.5 * self.height as f64);
        self.sampled(images, &old_x, &old_y, how, padding)
    }

    /// `images` at the points `x`, `y`, both `f32 [m, height or 1, width or 1]`, -1 to 1.
    fn sampled(&self, images: &Tensor, x: &Tensor, y: &Tensor, how: Interpolation, padding: Padding) -> Tensor {
        let whole = |points: &Tensor| points.expand([-1, self.height, self.width], false);
        let grid = Tensor::stack(&[whole(x), whole(y)], -1); // [m, height, width, 2]
        let outside = match padding {
            Padding::Zero => 0,
            Padding::Edge => 1,
            Padding::Reflect => 2,
        };
        images.grid_sampler(&grid, how as i64, outside, false)
    }
}

/// The columns of `rows` `f32 [m, N]`, each `[m, 1, 1]`.
fn columns<const N: usize>(rows: &Tensor) -> [Tensor; N] {
    std::array::from_fn(|column| rows.narrow(1, column as i64, 1).unsqueeze(2))
}
