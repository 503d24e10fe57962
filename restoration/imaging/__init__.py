"""Operations on arrays that several stages need: analysis luma, optical flow, metrics."""
