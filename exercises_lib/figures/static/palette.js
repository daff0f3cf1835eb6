// Colours that are painted pixel by pixel; all others are in figures.css. palette.py has the same.

export const VALUE = [11, 107, 203];
export const NEGATIVE = [154, 91, 0];

/** From amber (-1) through white (0) to blue (1). */
export const twoSided = (share) => {
  const strength = Math.min(1, Math.abs(share));
  return (share < 0 ? NEGATIVE : VALUE).map((channel) => 255 + (channel - 255) * strength);
};
