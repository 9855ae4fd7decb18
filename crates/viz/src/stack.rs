//! Sheets one beneath the other.

use crate::grid::Background;
use crate::{Error, Picture};

/// Stands pictures one beneath the other, `gap` pixels apart, flush left.
///
/// # Errors
/// No pictures, or more pixels than a picture may have.
pub fn stack(pictures: &[Picture], gap: usize, background: Background) -> Result<Picture, Error> {
    let Some(width) = pictures.iter().map(Picture::width).max() else {
        return Err(Error::Empty { what: "picture" });
    };
    let heights = pictures.iter().map(Picture::height);
    let gaps = gap.saturating_mul(pictures.len() - 1);
    let height = heights.fold(gaps, usize::saturating_add);
    let mut sheet = Picture::filled(height, width, background.colour())?;
    let mut top = 0;
    for picture in pictures {
        sheet.paste(top, 0, picture);
        top += picture.height().saturating_add(gap);
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_beneath_each_other_on_a_sheet_as_wide_as_the_widest() {
        let grey = |height, width| Picture::filled(height, width, [7; 3]).unwrap();
        let sheet = stack(&[grey(1, 2), grey(1, 3)], 1, Background::Dark).unwrap();
        assert_eq!((sheet.height(), sheet.width()), (3, 3));
        assert_eq!(sheet.grey_bytes().unwrap(), [7, 7, 0, 0, 0, 0, 7, 7, 7]);
        assert!(stack(&[], 1, Background::Light).is_err());
        assert!(stack(&[grey(1, 1)], usize::MAX, Background::Light).is_ok());
        let far = stack(&[grey(1, 1), grey(1, 1)], usize::MAX, Background::Light).unwrap_err();
        assert!(far.to_string().contains("too large"));
    }
}
